// How much goes through: rates, what is in flight, outcomes, time to first token, the last minute.

import { formatInteger, formatRate, unknown } from '../core/format.ts'
import type { Outcome } from '../core/record.ts'
import type { LiveSnapshot } from '../recording/live.ts'
import { columnChart } from './charts.ts'
import type { PaneSize } from './grid.ts'
import { bad, dim, fitRow, fittingRow, plain, type Row, type Span, strong, warn } from './row.ts'
import { countText, quantileText } from './values.ts'

/** Outcomes that are neither OK nor a rejection by a limiter nor unsent. */
export const otherOutcomes = ['refused', 'failed', 'timeout', 'broken', 'aborted'] as const

export function otherCount(counts: Readonly<Record<Outcome, number>>): number {
  return otherOutcomes.reduce((sum, outcome) => sum + counts[outcome], 0)
}

export function throughputRows(snapshot: LiveSnapshot, size: PaneSize): Row[] {
  const { columns, rows } = size
  const facts = [...pairs(snapshot, columns), ttftRow(snapshot, columns)]
  const others = othersRow(snapshot)
  const all = others !== null && rows >= 10 ? [...facts, fittingRow([others], columns)] : facts
  const spare = rows - all.length
  const gap: Row[] = spare >= 6 ? [[]] : []
  const chart = spare < 1 ? [] : historyRows(snapshot, { columns, rows: spare - gap.length })
  return [...all, ...gap, ...chart].slice(0, rows)
}

/** The same in a few words, for screens without room for a panel. */
export function throughputWordings({ progress, counts, ...rates }: LiveSnapshot): Row[] {
  const offered = formatRate(progress?.offeredPerS ?? null)
  const achieved: Row = [strong(formatRate(rates.endedPerS)), dim(` of ${offered} offered`)]
  const outcomes: Row = [
    dim('  ok '),
    plain(countText(counts.ok)),
    dim('  limited '),
    plain(countText(counts.limited)),
    dim('  other '),
    otherSpan(counts),
  ]
  const flight: Row = [
    dim('  in flight '),
    plain(progress === null ? unknown : formatInteger(progress.inFlight)),
  ]
  const tokens: Row = [dim('  tokens '), plain(formatRate(rates.tokensPerS))]
  return [
    [...achieved, ...outcomes, ...flight, ...tokens],
    [...achieved, ...outcomes, ...flight],
    [...achieved, ...outcomes],
  ]
}

function pairs({ progress, counts, ...rates }: LiveSnapshot, columns: number): Row[] {
  const inFlight = progress === null ? unknown : formatInteger(progress.inFlight)
  const unsent = countText(counts.unsent)
  const cells: readonly (readonly [string, Span])[] = [
    ['offered', plain(formatRate(progress?.offeredPerS ?? null))],
    ['achieved', strong(formatRate(rates.endedPerS))],
    ['in flight', plain(inFlight)],
    ['tokens', plain(formatRate(rates.tokensPerS))],
    ['ok', plain(countText(counts.ok))],
    ['limited', plain(countText(counts.limited))],
    ['unsent', counts.unsent > 0 ? warn(unsent) : dim(unsent)],
    ['other', otherSpan(counts)],
  ]
  const gap = columns >= 40 ? 4 : 2
  const left = Math.min(24, Math.floor((columns - gap) / 2))
  const right = Math.min(24, columns - gap - left)
  const pair = (i: number, width: number): Row => {
    const [label, value] = cells[i]!
    const room = Math.max(0, width - label.length - 1)
    return [dim(label), plain(' '), ...fitRow([value], room, 'right')]
  }
  return [0, 2, 4, 6].map((i) => [...pair(i, left), plain(' '.repeat(gap)), ...pair(i + 1, right)])
}

function otherSpan(counts: LiveSnapshot['counts']): Span {
  const other = otherCount(counts)
  return other > 0 ? bad(countText(other)) : dim('0')
}

function othersRow({ counts }: LiveSnapshot): Row | null {
  const some = otherOutcomes.filter((outcome) => counts[outcome] > 0)
  if (some.length === 0) return null
  const text = some.map((outcome) => `${outcome} ${countText(counts[outcome])}`).join(', ')
  return [dim('other: '), bad(text)]
}

function ttftRow({ ttft }: LiveSnapshot, columns: number): Row {
  const p50: Row = [dim('TTFT  p50 '), plain(quantileText(ttft, 0.5))]
  const p99: Row = [dim('  p99 '), plain(quantileText(ttft, 0.99))]
  const n: Row = [dim(`  n ${countText(ttft.count)}`)]
  return fittingRow([[...p50, ...p99, ...n], [...p50, ...p99], p50], columns)
}

/** Requests ended per second, one column per second or one per two where there is little room. */
function historyRows({ history, nowUs }: LiveSnapshot, size: PaneSize): Row[] {
  const last = history.slice(-60)
  if (last.length === 0) return [[dim('      no second is over yet')]]
  const maxText = formatRate(Math.max(...last))
  const secondsPerColumn = Math.ceil(60 / Math.max(1, size.columns - maxText.length - 2))
  const firstSecond = Math.floor(nowUs / 1e6) - last.length
  const values = meansOf(last, firstSecond, secondsPerColumn)
  const caption = () => `ended per s, last ${last.length} s`
  const columnWidthMax = size.columns >= 140 ? 2 : 1
  return columnChart({ values, maxText, columnWidthMax, caption }, size)
}

/** Means of whole groups of seconds, so that a column keeps its height while it moves on. */
function meansOf(values: readonly number[], firstSecond: number, groupSeconds: number): number[] {
  const groups = new Map<number, number[]>()
  values.forEach((value, i) => {
    const group = Math.floor((firstSecond + i) / groupSeconds)
    groups.set(group, [...(groups.get(group) ?? []), value])
  })
  return [...groups.values()].map((some) => some.reduce((a, b) => a + b, 0) / some.length)
}
