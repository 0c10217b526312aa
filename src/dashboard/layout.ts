// Who gets how many rows: the limiters first, then the charts, then the events. Numbers only.

/** Smallest terminal that is drawn on. */
export const columnsMin = 60
export const rowsMin = 16

/** From this width on latency and throughput stand side by side. */
const splitColumnsMin = 76

/** Rows of each panel, without the line of its title; 0: the panel is left out. */
export interface Layout {
  readonly statusRows: number
  readonly limiterRows: number
  /** Side by side, below each other, or a few lines for both. */
  readonly middle: 'split' | 'stacked' | 'brief'
  readonly middleRows: number
  readonly eventRows: number
  readonly reasonRows: number
}

export interface Needs {
  readonly limiterRowsMin: number
  readonly limiterRowsMax: number
  readonly reasons: number
}

export function layOut(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  needs: Needs,
): Layout {
  const statusRows = rows >= 20 ? 3 : 2
  const reasonRows = Math.min(needs.reasons, rows >= 24 ? 2 : 1)
  // Titles of header, limiters, middle, events and generator, and the footer.
  const free = rows - 6 - statusRows - reasonRows
  const limiterRows = limitersOf(free, needs)
  const rest = free - limiterRows
  const isSplit = columns >= splitColumnsMin
  const common = { statusRows, limiterRows, reasonRows }
  if (rest < briefRows + 1) {
    // Events give up their rows and their title.
    return { ...common, middle: 'brief', middleRows: rest + 1, eventRows: 0 }
  }
  if (!isSplit && rest >= stackedRowsMin) {
    const middleRows = Math.min(2 * chartRowsMax, Math.round(rest * 0.7))
    return { ...common, middle: 'stacked', middleRows, eventRows: rest - middleRows }
  }
  if (!isSplit || rest < splitRowsMin + 1) {
    return { ...common, middle: 'brief', middleRows: briefRows, eventRows: rest - briefRows }
  }
  const middleRows = Math.min(chartRowsMax, Math.max(splitRowsMin, Math.round(rest * 0.6)))
  return { ...common, middle: 'split', middleRows, eventRows: rest - middleRows }
}

const briefRows = 3
const splitRowsMin = 5
const stackedRowsMin = 16
const chartRowsMax = 18

/** Two lines each while that leaves the charts their room; else one each, while there are rows. */
function limitersOf(free: number, needs: Needs): number {
  if (free - needs.limiterRowsMax >= Math.max(4, Math.floor(free * 0.4)))
    return needs.limiterRowsMax
  return Math.min(needs.limiterRowsMin, Math.max(1, free - 2))
}
