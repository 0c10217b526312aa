// The limiters: the most important panel, readable at a glance, the last one to lose rows.

import type { LiveLimiter, LiveSnapshot } from '../recording/live.ts'
import { barRow } from './charts.ts'
import type { PaneSize } from './grid.ts'
import {
  amountCell,
  conditionCell,
  conditionOf,
  confidenceCell,
  countdownCell,
  firstCell,
  firstWordings,
  hasLanes,
  laneCell,
  nameCell,
  rejectionsCell,
  usedShare,
  usedTone,
} from './limiterFacts.ts'
import { bad, dim, fittingRow, good, joinRows, plain, type Row } from './row.ts'
import { type Column, type FlexColumn, layTable } from './table.ts'

/** Rows with two lines for each limiter. */
export function limiterRowsMax({ limiters }: LiveSnapshot): number {
  return Math.max(1, limiters.length * 2)
}

/** Rows with one line for each limiter. */
export function limiterRowsMin({ limiters }: LiveSnapshot): number {
  return Math.max(1, limiters.length)
}

/** '1 closed, 2 open, 1 not hit'. */
export function limitersNote({ limiters }: LiveSnapshot): Row {
  const count = (condition: string) =>
    limiters.filter((limiter) => conditionOf(limiter) === condition).length
  const [closed, open, notHit] = [count('closed'), count('open'), count('not hit')]
  const parts = [
    ...(closed > 0 ? [[bad(`${closed} closed`)]] : []),
    ...(open > 0 ? [[good(`${open} open`)]] : []),
    ...(notHit > 0 ? [[dim(`${notHit} not hit`)]] : []),
  ]
  return joinRows(parts, dim(', '))
}

export function limiterRows(snapshot: LiveSnapshot, size: PaneSize): Row[] {
  const { limiters } = snapshot
  if (limiters.length === 0) return [[dim('none known yet: none is declared, none has rejected')]]
  if (size.rows >= limiterRowsMax(snapshot)) return twoLines(snapshot, size.columns)
  if (size.rows >= limiters.length) return oneLine(snapshot, limiters, size.columns)
  const shown = mostUrgent(limiters, size.rows - 1)
  const hidden = limiters.filter((limiter) => !shown.includes(limiter))
  const note = limitersNote({ ...snapshot, limiters: hidden })
  const more: Row = [dim(`… ${hidden.length} more: `), ...note, dim(' (press 1)')]
  return [...oneLine(snapshot, shown, size.columns), more]
}

function twoLines(snapshot: LiveSnapshot, columns: number): Row[] {
  const { limiters } = snapshot
  const isNarrow = columns < 100
  const { rows, shown } = layTable(columnsOf(snapshot, limiters, { columns, isShort: isNarrow }), {
    count: limiters.length,
    width: columns,
    gap: 2,
  })
  return limiters.flatMap((limiter, i) => {
    const indent = isNarrow ? 2 : 9
    const rest = [
      ...(shown.has('countdown') ? [] : [countdownCell(limiter, snapshot, false)]),
      ...(limiter.rejections > 0 && !shown.has('rejections') ? [rejectionsCell(limiter)] : []),
      ...(limiter.first !== null && !shown.has('confidence') ? [confidenceCell(limiter)] : []),
    ]
    // A shorter wording of everything says more than a long one of a part.
    const ordered = [rest.length, 2, 1, 0].flatMap((count) =>
      firstWordings(limiter).map((first) => joinRows([first, ...rest.slice(0, count)], dim(' · '))),
    )
    return [rows[i]!, [plain(' '.repeat(indent)), ...fittingRow(ordered, columns - indent)]]
  })
}

function oneLine(snapshot: LiveSnapshot, limiters: readonly LiveLimiter[], columns: number): Row[] {
  const isShort = columns < 110
  const table = columnsOf(snapshot, limiters, { columns, isShort })
  const first: Column = {
    name: 'first',
    cells: limiters.map((limiter) => firstCell(limiter, columns < 150)),
    keep: 4,
  }
  const place = { count: limiters.length, width: columns, gap: columns < 110 ? 1 : 2 }
  return [...layTable([...table, first], place).rows]
}

function columnsOf(
  snapshot: LiveSnapshot,
  limiters: readonly LiveLimiter[],
  { columns, isShort }: { columns: number; isShort: boolean },
): (Column | FlexColumn)[] {
  const nameMax = Math.min(28, Math.floor(columns / 4))
  const cells = (cellOf: (limiter: LiveLimiter) => Row) => limiters.map(cellOf)
  const lane: Column = {
    name: 'lane',
    cells: cells(laneCell),
    columnsMax: Math.min(16, Math.floor(columns / 6)),
  }
  const bar: FlexColumn = {
    name: 'bar',
    columnsMin: 8,
    columnsMax: 60,
    draw: (i, width) => barRow(usedShare(limiters[i]!) ?? 0, width, usedTone(limiters[i]!)),
  }
  return [
    { name: 'condition', cells: cells(conditionCell), columnsMin: 7 },
    ...(hasLanes(snapshot.limiters) ? [lane] : []),
    { name: 'limiter', cells: cells(nameCell), columnsMax: nameMax },
    bar,
    { name: 'amount', cells: cells((one) => amountCell(one, isShort)), columnsMin: 13 },
    { name: 'rejections', cells: cells(rejectionsCell), columnsMin: 11, keep: 2, align: 'right' },
    {
      name: 'countdown',
      cells: cells((one) => countdownCell(one, snapshot, isShort)),
      columnsMin: isShort ? 12 : 16,
      keep: 3,
    },
    { name: 'confidence', cells: cells(confidenceCell), columnsMin: 9, keep: 1 },
  ]
}

/** Closed ones first, then those that have rejected, then the fullest; shown in their own order. */
function mostUrgent(limiters: readonly LiveLimiter[], count: number): readonly LiveLimiter[] {
  const ranks = { closed: 2, open: 1, 'not hit': 0 } as const
  const urgency = (limiter: LiveLimiter) =>
    ranks[conditionOf(limiter)] * 1000 + Math.min(999, usedShare(limiter) ?? 0)
  const chosen = new Set([...limiters].sort((a, b) => urgency(b) - urgency(a)).slice(0, count))
  return limiters.filter((limiter) => chosen.has(limiter))
}
