// Where the run is: header, scenarios, phase and its state, progress and what is left of it.

import { formatInteger } from '../core/format.ts'
import type { Progress } from '../core/progress.ts'
import type { LiveSnapshot } from '../recording/live.ts'
import { barRow } from './charts.ts'
import { etaText } from './eta.ts'
import type { PaneSize } from './grid.ts'
import {
  accent,
  cleanText,
  cutText,
  dim,
  fitRow,
  fittingRow,
  good,
  joinRows,
  plain,
  type Row,
  rowWidth,
  spreadRow,
  strong,
  type Tone,
  textWidth,
} from './row.ts'
import { movingShare, movingSpan } from './values.ts'

/** Product and run at the left of the first line, target and elapsed time at the right. */
export function headerTitles(
  { runId, target, nowUs }: LiveSnapshot,
  columns: number,
): { readonly title: Row; readonly note: Row } {
  const elapsed = movingSpan(nowUs)
  const left = columns - textWidth('limitscope  ') - textWidth(elapsed) - 8
  const run = cutText(cleanText(runId), Math.max(4, Math.floor(left / 2)))
  const place = cutText(cleanText(target), Math.max(4, left - textWidth(run)))
  return {
    title: [strong('limitscope'), plain('  '), dim(run)],
    note: [plain(place), plain('  '), strong(elapsed)],
  }
}

/** Three rows, or two where room is scarce. */
export function statusRows(snapshot: LiveSnapshot, { columns, rows }: PaneSize): Row[] {
  const { progress } = snapshot
  const steps = stepsOf(progress?.state ?? null)
  const bar = progressRow(snapshot, columns)
  if (rows < 3) {
    const where = joinRows([nowRow(snapshot), phaseRow(progress)], dim(' / '))
    const short = columns < 90 ? steps.filter(({ text }) => text.startsWith('[')) : steps
    return [spreadRow(where, short, columns), bar].slice(0, rows)
  }
  const phase = [dim('phase '), ...phaseRow(progress)]
  return [fitRow(scenariosRow(snapshot, columns), columns), spreadRow(phase, steps, columns), bar]
}

function phaseRow(progress: Progress | null): Row {
  return [progress === null ? dim('starting') : strong(cleanText(progress.phase))]
}

const marks = {
  done: (name: string): Row => [good('✓ '), dim(name)],
  now: (name: string): Row => [accent('▸ '), strong(name)],
  next: (name: string): Row => [dim(`· ${name}`)],
} as const

/** Every scenario; where they do not fit, the one under way and how many lie around it. */
function scenariosRow({ scenarios }: LiveSnapshot, columns: number): Row {
  const rowOf = (state: keyof typeof marks, name: string) => marks[state](cleanText(name))
  const all = scenarios.map(({ name, state }) => rowOf(state, name))
  const count = (state: string) => scenarios.filter((scenario) => scenario.state === state).length
  const now = scenarios.find(({ state }) => state === 'now')
  const around = (state: 'done' | 'next') =>
    count(state) === 0 ? [] : [marks[state](`${count(state)} ${state}`)]
  const rest = joinRows([...around('done'), ...around('next')], plain('   '))
  const room = Math.max(8, columns - rowWidth(rest) - 3)
  const middle = now === undefined ? [] : [fitRow(rowOf('now', now.name), room)]
  const short = joinRows([...around('done'), ...middle, ...around('next')], plain('   '))
  return fittingRow([joinRows(all, plain('   ')), short], columns)
}

/** The scenario under way, with its place among all. */
function nowRow({ scenarios }: LiveSnapshot): Row {
  const i = scenarios.findIndex(({ state }) => state === 'now')
  if (i < 0) return [dim(`${scenarios.length} scenarios`)]
  return [dim(`${i + 1}/${scenarios.length} `), strong(cleanText(scenarios[i]!.name))]
}

const steps = [
  ['waiting', 'waiting', 'warn'],
  ['warmup', 'warm-up', 'accent'],
  ['measure', 'measure', 'good'],
  ['drain', 'drain', 'warn'],
] as const

/** All states a phase goes through, the present one in brackets. */
function stepsOf(state: Progress['state'] | null): Row {
  const row = steps.map(
    ([name, text, tone]): Row => (name === state ? [{ text: `[${text}]`, tone }] : [dim(text)]),
  )
  return joinRows(row, dim(' › '))
}

const barTones: Readonly<Record<Progress['state'], Tone>> = {
  waiting: 'warn',
  warmup: 'accent',
  measure: 'accent',
  drain: 'warn',
}

const barColumnsMin = 8

function progressRow(snapshot: LiveSnapshot, columns: number): Row {
  const { progress } = snapshot
  if (progress === null) return barRow(0, columns, 'dim')
  const left = leftOf(snapshot)
  const sent: Row = [...left, dim(`, ${formatInteger(progress.sent)} sent in this phase`)]
  const text = fittingRow(
    columns < 90 || progress.sent === 0 ? [left] : [sent, left],
    columns - barColumnsMin - 2,
  )
  // The bar keeps its length while the text beside it grows and shrinks.
  const textColumns = Math.max(rowWidth(text), Math.min(40, Math.floor(columns * 0.5)))
  const bar = barRow(progress.share ?? 0, columns - textColumns - 2, barTones[progress.state])
  return [...bar, plain('  '), ...fitRow(text, textColumns)]
}

function leftOf(snapshot: LiveSnapshot): Row {
  const { state, share, inFlight } = snapshot.progress!
  const eta = etaText(snapshot)
  const left = eta === null ? [] : [dim(', '), plain(eta)]
  switch (state) {
    case 'waiting':
      return [{ text: 'waiting for clean windows', tone: 'warn' }, ...left]
    case 'drain':
      return [{ text: `draining ${formatInteger(inFlight)} in flight`, tone: 'warn' }, ...left]
    case 'warmup':
      return [accent('warm-up'), ...left]
    case 'measure':
      return [strong(share === null ? 'no end known' : movingShare(share)), ...left]
  }
}
