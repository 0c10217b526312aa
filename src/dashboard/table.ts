// Aligned columns: as wide as their cells, the less important ones left out when there is no room.

import { fitRow, plain, type Row, rowWidth } from './row.ts'

export interface Column {
  readonly name: string
  readonly cells: readonly Row[]
  readonly align?: 'left' | 'right'
  /** Kept free even for shorter cells, so that nothing jumps when a number grows. */
  readonly columnsMin?: number
  readonly columnsMax?: number
  /** The lowest goes first when there is no room; a column without one always stays. */
  readonly keep?: number
}

/** The one column that takes what the others leave. */
export interface FlexColumn {
  readonly name: string
  readonly draw: (i: number, columns: number) => Row
  readonly columnsMin: number
  readonly columnsMax: number
}

export interface Table {
  readonly rows: readonly Row[]
  /** Names of the columns that are shown. */
  readonly shown: ReadonlySet<string>
}

/** Lays out `columns`, of `count` rows, within `width` terminal columns. */
export function layTable(
  columns: readonly (Column | FlexColumn)[],
  place: { readonly count: number; readonly width: number; readonly gap: number },
): Table {
  const { count, width, gap } = place
  let shown = [...columns]
  while (widthOf(shown, gap) > width) {
    const least = leastOf(shown)
    if (least === null) break
    shown = shown.filter((column) => column !== least)
  }
  const spare = Math.max(0, width - widthOf(shown, gap))
  const rows = Array.from({ length: count }, (_, i) =>
    shown.flatMap((column, c) => [
      ...(c === 0 ? [] : [plain(' '.repeat(gap))]),
      ...cellOf(column, i, spare),
    ]),
  )
  return { rows, shown: new Set(shown.map(({ name }) => name)) }
}

function widthOf(columns: readonly (Column | FlexColumn)[], gap: number): number {
  const widths = columns.map((column) => ('draw' in column ? column.columnsMin : naturalOf(column)))
  return widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, columns.length - 1)
}

function naturalOf({
  cells,
  columnsMin = 0,
  columnsMax = Number.POSITIVE_INFINITY,
}: Column): number {
  return Math.min(columnsMax, Math.max(columnsMin, ...cells.map(rowWidth)))
}

function leastOf(columns: readonly (Column | FlexColumn)[]): Column | null {
  const droppable = columns.filter((column) => 'keep' in column && column.keep !== undefined)
  return (droppable as Column[]).sort((a, b) => a.keep! - b.keep!)[0] ?? null
}

function cellOf(column: Column | FlexColumn, i: number, spare: number): Row {
  if ('draw' in column) {
    return column.draw(i, Math.min(column.columnsMax, column.columnsMin + spare))
  }
  return fitRow(column.cells[i] ?? [], naturalOf(column), column.align)
}
