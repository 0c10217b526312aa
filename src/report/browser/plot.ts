// What all charts of the page have in common: colours, size, axes, marks, keys.

import type uPlot from 'uplot'
import type { ChartMark } from '../chart.ts'

export type Drawing = uPlot

/** A colour of the page's style sheet. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

export function sizeOf(place: HTMLElement): { width: number; height: number } {
  const width = Math.max(240, place.clientWidth)
  return { width, height: Math.round(Math.min(300, Math.max(200, width * 0.3))) }
}

/** An axis in the colours of the page. */
export function axis(options: uPlot.Axis): uPlot.Axis {
  const grid = { stroke: colour('grid'), width: 1 }
  const font = '12px system-ui, sans-serif'
  return { stroke: colour('faint'), grid, ticks: grid, font, ...options }
}

/** Vertical lines with words, drawn over the chart; words that would overlap go one line lower. */
export function marksPlugin(marks: readonly ChartMark[]): uPlot.Plugin {
  return { hooks: { draw: (plot) => drawMarks(plot, marks) } }
}

const rowsMax = 4
const labelCharactersMax = 40

function drawMarks(plot: uPlot, marks: readonly ChartMark[]): void {
  const { ctx } = plot
  const { left, top, width, height } = plot.bbox
  const scale = devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.font = `${11 * scale}px system-ui, sans-serif`
  ctx.textBaseline = 'top'
  ctx.textAlign = 'left'
  const ends = new Array<number>(rowsMax).fill(Number.NEGATIVE_INFINITY)
  for (const { x, label: whole, isQuiet } of [...marks].sort((a, b) => a.x - b.x)) {
    const label =
      whole.length > labelCharactersMax ? `${whole.slice(0, labelCharactersMax)}…` : whole
    const at = Math.round(plot.valToPos(x, 'x', true))
    ctx.strokeStyle = colour(isQuiet === true ? 'faint' : 'failed')
    ctx.fillStyle = ctx.strokeStyle
    ctx.lineWidth = scale
    ctx.setLineDash(isQuiet === true ? [2 * scale, 4 * scale] : [])
    ctx.beginPath()
    ctx.moveTo(at, top)
    ctx.lineTo(at, top + height)
    ctx.stroke()
    const textWidth = ctx.measureText(label).width
    // At the right edge a word stands to the left of its line.
    const isEdge = at + textWidth + 3 * scale > left + width
    const start = isEdge ? at - textWidth - 3 * scale : at + 3 * scale
    const row = ends.findIndex((end) => end < start)
    if (row < 0) continue
    ends[row] = start + textWidth + 5 * scale
    // A rim in the colour of the paper, so that words can be read on any other.
    ctx.strokeStyle = colour('card')
    ctx.lineWidth = 3 * scale
    ctx.setLineDash([])
    ctx.strokeText(label, start, top + (2 + row * 13) * scale)
    ctx.fillText(label, start, top + (2 + row * 13) * scale)
  }
  ctx.restore()
}

/** 1, 2, 5, 10 … between two values, for axes of logarithms. */
export function logSplits(least: number, most: number): number[] {
  const few = splitsAt([1, 2, 5], least, most)
  return few.length > 2 ? few : splitsAt([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9], least, most)
}

function splitsAt(factors: readonly number[], least: number, most: number): number[] {
  const splits: number[] = []
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10) {
    const own = factors.map((factor) => power * factor)
    splits.push(...own.filter((split) => split >= least && split <= most))
  }
  return splits
}

const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 }

/** Arrow keys, Home and End move through a chart as the mouse does; its legend tells the values. */
export function withKeys(place: HTMLElement, drawing: () => Drawing | null): void {
  place.addEventListener('keydown', (event) => {
    const plot = drawing()
    if (plot === null || event.target !== place) return
    const last = plot.data[0].length - 1
    const now = plot.cursor.idx ?? -1
    const step = steps[event.key]
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? last : now + (step ?? Number.NaN)
    if (Number.isNaN(next)) return
    event.preventDefault()
    const index = Math.min(last, Math.max(0, next))
    const left = plot.valToPos(plot.data[0][index]!, 'x')
    plot.setCursor({ left, top: plot.over.clientHeight / 2 })
  })
}

/** Entries of the legend hide and show their series by keyboard, too. */
export function withLegendKeys(plot: uPlot): uPlot {
  const legend = plot.root.querySelector('.u-legend')
  legend?.setAttribute('aria-live', 'polite')
  for (const entry of legend?.querySelectorAll<HTMLElement>('.u-series th') ?? []) {
    entry.tabIndex = 0
    entry.setAttribute('role', 'button')
    entry.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault()
        entry.click()
      }
    })
  }
  return plot
}

/** Seconds between the marks of an axis: such as clocks have. */
export const clockSteps = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400],
]
