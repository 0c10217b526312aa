// Whether the generator itself can be believed: its verdict, why, and how late it is.

import { formatSpan } from '../core/format.ts'
import type { LiveHealth, LiveSnapshot } from '../recording/live.ts'
import { foldText } from './fold.ts'
import type { PaneSize } from './grid.ts'
import { cleanText, cutText, dim, plain, type Row, type Tone } from './row.ts'

/** The verdict as part of a title line. */
export function verdictSpan({ verdict }: LiveHealth): Row {
  return [{ text: verdict, tone: tones[verdict] }]
}

/** Send lag and loop delay in a few words. */
export function healthNote({ health }: LiveSnapshot): Row {
  return [
    dim('send lag p99 '),
    plain(formatSpan(health.lagP99Us)),
    dim('  loop delay p99 '),
    plain(formatSpan(health.loopDelayP99Us)),
  ]
}

/** One line for each reason; the last one says how many more there are. */
export function reasonRows({ health }: LiveSnapshot, { columns, rows }: PaneSize): Row[] {
  const { reasons, verdict } = health
  const shown = reasons.length > rows ? reasons.slice(0, rows - 1) : reasons
  const lines = shown.map(
    (reason): Row => [{ text: cutText(`- ${cleanText(reason)}`, columns), tone: tones[verdict] }],
  )
  const hidden = reasons.length - shown.length
  return hidden > 0 ? [...lines, [dim(`- ${hidden} more (press 4)`)]].slice(0, rows) : lines
}

/** Everything about the generator, in full height. */
export function generatorRows({ health }: LiveSnapshot, { columns, rows }: PaneSize): Row[] {
  const { verdict, reasons, lagP99Us, loopDelayP99Us } = health
  const tone = tones[verdict]
  const folded = reasons.flatMap((reason) =>
    foldText(cleanText(reason), columns - 2).map(
      (line, i): Row => [{ text: `${i === 0 ? '-' : ' '} ${line}`, tone }],
    ),
  )
  const all: Row[] = [
    [{ text: verdict, tone }, dim(`  ${meanings[verdict]}`)],
    [],
    [dim('send lag p99    '), plain(formatSpan(lagP99Us)), dim('  how late requests are sent')],
    [dim('loop delay p99  '), plain(formatSpan(loopDelayP99Us)), dim('  how late timers fire')],
    [],
    ...(folded.length > 0 ? folded : [[dim('no reason for doubt')]]),
  ]
  return all.slice(0, rows)
}

const tones: Readonly<Record<LiveHealth['verdict'], Tone>> = {
  VALID: 'good',
  SUSPECT: 'warn',
  INVALID: 'bad',
}

const meanings: Readonly<Record<LiveHealth['verdict'], string>> = {
  VALID: 'the generator keeps to its schedule',
  SUSPECT: 'read the figures with care',
  INVALID: 'the figures say more about this machine than about the target',
}
