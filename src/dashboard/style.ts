// How tones look: ANSI styles, or none. The one place that makes escape sequences.

import { styleText } from 'node:util'
import type { Row, Tone } from './row.ts'

/** Gives a text the look of a tone. */
export type Style = (text: string, tone: Tone) => string

/** No colours, no escape sequences at all. */
export const plainStyle: Style = (text) => text

export const colorStyle: Style = (text, tone) => {
  const codes = codesByTone[tone]
  return codes === null || text === '' ? text : codes.open + text + codes.close
}

/** The style an environment asks for (NO_COLOR, FORCE_COLOR=0, TERM=dumb: plain). */
export function styleOf(env: NodeJS.ProcessEnv): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  const isPlain = Boolean(NO_COLOR) || /^(0|false)$/i.test(FORCE_COLOR ?? '') || TERM === 'dumb'
  return isPlain ? plainStyle : colorStyle
}

export function paintRow(row: Row, style: Style): string {
  return row.map(({ text, tone }) => style(text, tone)).join('')
}

interface Codes {
  readonly open: string
  readonly close: string
}

const codesByTone: Readonly<Record<Tone, Codes | null>> = {
  plain: null,
  strong: codesOf('bold'),
  dim: codesOf('dim'),
  good: codesOf('green'),
  bad: codesOf(['bold', 'red']),
  warn: codesOf('yellow'),
  accent: codesOf('cyan'),
}

function codesOf(format: Parameters<typeof styleText>[0]): Codes {
  // Whether there are colours is decided above, not by what stdout is.
  const [open, close] = styleText(format, '\0', { validateStream: false }).split('\0')
  return { open: open!, close: close! }
}
