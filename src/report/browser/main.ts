// The script of a report page: draws the charts whose data the page holds, and again when the page
// changes its width or its colours. Fetches nothing.

import type { Chart } from '../chart.ts'
import { drawHeat } from './heat.ts'
import { drawLines } from './lines.ts'
import { type Drawing, withKeys } from './plot.ts'

const charts = JSON.parse(document.getElementById('charts')!.textContent!) as readonly Chart[]

const drawings = charts.map((chart) => {
  const place = document.querySelector<HTMLElement>(`[data-chart="${CSS.escape(chart.id)}"]`)!
  return { chart, place, drawing: null as Drawing | null }
})

function draw(): void {
  for (const entry of drawings) {
    entry.drawing?.destroy()
    entry.place.replaceChildren()
    const { chart, place } = entry
    entry.drawing = chart.kind === 'heat' ? drawHeat(chart, place) : drawLines(chart, place)
  }
}

for (const entry of drawings) withKeys(entry.place, () => entry.drawing)
draw()

// Colours are those of the page: light, dark, or paper.
for (const query of ['(prefers-color-scheme: dark)', 'print']) {
  matchMedia(query).addEventListener('change', draw)
}

let width = document.documentElement.clientWidth
addEventListener('resize', () => {
  if (document.documentElement.clientWidth === width) return
  width = document.documentElement.clientWidth
  draw()
})
document.documentElement.dataset.drawn = String(drawings.length)
