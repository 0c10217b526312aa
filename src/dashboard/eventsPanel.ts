// The newest events, one line each; in full height folded, so that nothing of them is lost.

import type { RunEvent, RunEventKind } from '../core/event.ts'
import { formatInstant } from '../core/format.ts'
import type { LiveSnapshot } from '../recording/live.ts'
import { foldText } from './fold.ts'
import type { PaneSize } from './grid.ts'
import { hasLanes } from './limiterFacts.ts'
import { cleanText, cutText, dim, plain, type Row, type Tone, textWidth } from './row.ts'

/** The newest events that fit, the newest last. */
export function eventRows({ events, limiters }: LiveSnapshot, { columns, rows }: PaneSize): Row[] {
  const newest = events.slice(Math.max(0, events.length - rows))
  if (newest.length === 0) return [[dim('nothing has happened yet')]]
  return newest.map((event) => {
    const head = headOf(event)
    const text = cutText(eventText(event, hasLanes(limiters)), columns - headColumns)
    return [...head, { text, tone: looks[event.kind].tone }]
  })
}

/** The same with long lines folded. */
export function foldedEventRows(
  { events, limiters }: LiveSnapshot,
  { columns, rows }: PaneSize,
): Row[] {
  if (events.length === 0) return [[dim('nothing has happened yet')]]
  const newest = events.slice(Math.max(0, events.length - rows))
  const folded = newest.flatMap((event) =>
    foldText(eventText(event, hasLanes(limiters)), columns - headColumns).map((text, i): Row => {
      const head = i === 0 ? headOf(event) : [plain(' '.repeat(headColumns))]
      return [...head, { text, tone: looks[event.kind].tone }]
    }),
  )
  return folded.slice(Math.max(0, folded.length - rows))
}

/** An event as one sentence that needs nothing around it. */
export function eventText(event: RunEvent, isLaneShown: boolean): string {
  const { kind, scenario, phase, text, data } = event
  const said = cleanText(text)
  const more = said === '' ? '' : `: ${said}`
  switch (kind) {
    case 'scenario-started':
      return `scenario ${cleanText(scenario)}${text === scenario ? '' : more}`
    case 'scenario-skipped':
      return `scenario ${cleanText(scenario)} skipped${more}`
    case 'phase-started':
      return `phase ${cleanText(phase)} started${more}`
    case 'phase-ended':
      return `phase ${cleanText(phase)} ended${more}`
    case 'draining':
      return `draining${more}`
    case 'run-ended':
      return `run ended${more}`
    case 'warning':
      return `warning${more}`
    case 'first-rejection':
    case 'recovered':
      return isLaneShown && typeof data.lane === 'string' ? `${cleanText(data.lane)}${more}` : said
    default:
      return said === '' ? kind : said
  }
}

const timeColumns = 10
const headColumns = timeColumns + 3

function headOf({ us, kind }: RunEvent): Row {
  const { mark, tone } = looks[kind]
  const time = formatInstant(us).padStart(timeColumns)
  return [dim(`${time} `), { text: mark, tone }, plain(' '.repeat(2 - textWidth(mark)))]
}

const looks: Readonly<Record<RunEventKind, { readonly mark: string; readonly tone: Tone }>> = {
  'run-started': { mark: '·', tone: 'dim' },
  'scenario-started': { mark: '▸', tone: 'accent' },
  'scenario-skipped': { mark: '○', tone: 'warn' },
  step: { mark: '·', tone: 'dim' },
  'check-failed': { mark: '✗', tone: 'bad' },
  waiting: { mark: '·', tone: 'warn' },
  'phase-started': { mark: '▸', tone: 'plain' },
  'measure-started': { mark: '·', tone: 'dim' },
  draining: { mark: '·', tone: 'dim' },
  'phase-ended': { mark: '·', tone: 'plain' },
  'first-rejection': { mark: '●', tone: 'bad' },
  recovered: { mark: '○', tone: 'good' },
  warning: { mark: '!', tone: 'warn' },
  'target-died': { mark: '✗', tone: 'bad' },
  interrupted: { mark: '!', tone: 'warn' },
  'cap-reached': { mark: '!', tone: 'warn' },
  'run-ended': { mark: '✓', tone: 'strong' },
}
