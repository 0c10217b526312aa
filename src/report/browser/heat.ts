// The heat map: columns of time, rows of time spans that grow by a constant factor.

import uPlot from 'uplot'
import { formatSeconds, formatValue, type HeatChart } from '../chart.ts'
import {
  axis,
  clockSteps,
  colour,
  type Drawing,
  logSplits,
  sizeOf,
  withLegendKeys,
} from './plot.ts'

export function drawHeat(chart: HeatChart, place: HTMLElement): Drawing {
  const { columnS, columns, edgesUs } = chart
  const starts = Array.from({ length: columns }, (_, i) => i * columnS)
  const densest = densestBins(chart)
  const options: uPlot.Options = {
    ...sizeOf(place),
    scales: {
      x: { time: false, range: (_, min, max) => [min, max + columnS] },
      y: { distr: 3, range: () => [edgesUs[0]!, edgesUs.at(-1)!] },
    },
    axes: [
      axis({ space: 70, incrs: clockSteps, values: (_, splits) => splits.map(formatSeconds) }),
      axis({
        scale: 'y',
        size: 66,
        splits: () => logSplits(edgesUs[0]!, edgesUs.at(-1)!),
        values: (_, splits) => splits.map((us) => (us === null ? '' : formatValue(us, 'us'))),
      }),
    ],
    series: [
      { label: 'at', value: (_plot, value) => (value === null ? '–' : formatSeconds(value)) },
      {
        label: 'most took about',
        scale: 'y',
        stroke: colour('c1'),
        paths: () => null,
        points: { show: false },
        value: (_plot, value) => formatValue(value, 'us'),
      },
    ],
    cursor: { drag: { x: true, y: false } },
    plugins: [{ hooks: { drawAxes: (plot) => drawCells(plot, chart) } }],
  }
  return withLegendKeys(new uPlot(options, [starts, densest], place))
}

/** The middle of the bin with most answers, for each column. */
function densestBins({ columns, cells, edgesUs }: HeatChart): (number | null)[] {
  const most = new Array<number>(columns).fill(0)
  const densest = new Array<number | null>(columns).fill(null)
  for (const [column, bin, count] of cells) {
    if (count <= most[column]!) continue
    most[column] = count
    densest[column] = Math.sqrt(edgesUs[bin]! * edgesUs[bin + 1]!)
  }
  return densest
}

function drawCells(plot: uPlot, { cells, edgesUs, columnS }: HeatChart): void {
  const { ctx } = plot
  const { left, top, width, height } = plot.bbox
  const most = cells.reduce((max, [, , count]) => Math.max(max, count), 1)
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.fillStyle = colour('heat')
  for (const [column, bin, count] of cells) {
    const x = plot.valToPos(column * columnS, 'x', true)
    const next = plot.valToPos((column + 1) * columnS, 'x', true)
    const y = plot.valToPos(edgesUs[bin + 1]!, 'y', true)
    const below = plot.valToPos(edgesUs[bin]!, 'y', true)
    // A single slow answer must be seen beside a thousand quick ones.
    ctx.globalAlpha = 0.2 + 0.8 * (Math.log1p(count) / Math.log1p(most))
    ctx.fillRect(x, y, Math.max(1, next - x), Math.max(1, below - y))
  }
  ctx.restore()
}
