// One frame of the dashboard: a pure function of what happened and what the watcher wants to see.

import type { LiveSnapshot } from '../recording/live.ts'
import { eventRows, foldedEventRows } from './eventsPanel.ts'
import { generatorRows, healthNote, reasonRows, verdictSpan } from './generatorPanel.ts'
import { drawGrid, type Pane, type PaneSize, paneColumns, type Section } from './grid.ts'
import { withHelp } from './help.ts'
import { latencyNote, latencyRows, latencyWordings } from './latencyPanel.ts'
import { columnsMin, type Layout, layOut, rowsMin } from './layout.ts'
import { limiterRows, limiterRowsMax, limiterRowsMin, limitersNote } from './limitersPanel.ts'
import { accent, bad, cutRow, dim, fittingRow, joinRows, type Row, strong, warn } from './row.ts'
import { statusLine } from './statusLine.ts'
import { headerTitles, statusRows } from './statusPanel.ts'
import { paintRow, type Style } from './style.ts'
import { throughputRows, throughputWordings } from './throughputPanel.ts'
import { keys, type PanelName, type ViewState } from './viewState.ts'

/** Lines of the screen: never more than `rows`, never wider than `columns`. */
export function drawFrame(
  snapshot: LiveSnapshot,
  size: { readonly columns: number; readonly rows: number },
  view: ViewState,
  style: Style,
): string[] {
  const rows = rowsOf(snapshot, size, view).slice(0, Math.max(0, size.rows))
  return rows.map((row) => paintRow(cutRow(row, size.columns), style))
}

function rowsOf(snapshot: LiveSnapshot, size: PaneSize, view: ViewState): Row[] {
  if (size.columns < columnsMin || size.rows < rowsMin) return tooSmall(snapshot, size)
  const sections =
    view.maximised === null ? overview(snapshot, size) : maximised(snapshot, size, view.maximised)
  const rows = drawGrid(sections, footerRow(snapshot, view), size.columns)
  return view.isHelpShown ? withHelp(rows, size.columns, help) : rows
}

const help = {
  keys,
  notes: [
    'Latencies are of OK answers, from the intended start;',
    '– is unknown, or too few samples for that quantile.',
  ],
}

function tooSmall(snapshot: LiveSnapshot, { columns, rows }: PaneSize): Row[] {
  const need = `needs ${columnsMin}×${rowsMin}`
  return [[warn(`Terminal too small (${columns}×${rows}, ${need})`)], [dim(statusLine(snapshot))]]
}

function overview(snapshot: LiveSnapshot, size: PaneSize): Section[] {
  const { columns } = size
  const layout = layOut(size, {
    limiterRowsMin: limiterRowsMin(snapshot),
    limiterRowsMax: limiterRowsMax(snapshot),
    reasons: snapshot.health.reasons.length,
  })
  const single = (name: PanelName, rows: number) =>
    sectionOf([paneOf(name, snapshot, { columns: columns - 4, rows })], rows)
  return [
    headerSection(snapshot, columns, layout.statusRows),
    single('limiters', layout.limiterRows),
    ...middleSections(snapshot, columns, layout),
    ...(layout.eventRows > 0 ? [single('events', layout.eventRows)] : []),
    generatorSection(snapshot, columns, layout.reasonRows),
  ]
}

function maximised(snapshot: LiveSnapshot, size: PaneSize, name: PanelName): Section[] {
  const { columns } = size
  const statusRowCount = size.rows >= 20 ? 3 : 2
  const isGenerator = name === 'generator'
  const rows = size.rows - statusRowCount - 3 - (isGenerator ? 0 : 1)
  const paneSize = { columns: columns - 4, rows }
  const pane = paneOf(name, snapshot, paneSize)
  const shown = name === 'events' ? { ...pane, rows: foldedEventRows(snapshot, paneSize) } : pane
  return [
    headerSection(snapshot, columns, statusRowCount),
    sectionOf([shown], rows),
    ...(isGenerator ? [] : [generatorSection(snapshot, columns, 0)]),
  ]
}

function headerSection(snapshot: LiveSnapshot, columns: number, rows: number): Section {
  const size = { columns: columns - 4, rows }
  return sectionOf(
    [{ ...headerTitles(snapshot, columns - 4), rows: statusRows(snapshot, size) }],
    rows,
  )
}

function middleSections(snapshot: LiveSnapshot, columns: number, layout: Layout): Section[] {
  const { middle, middleRows: rows } = layout
  if (middle === 'brief') return [briefSection(snapshot, columns, rows)]
  if (middle === 'stacked') {
    const upper = Math.ceil((rows - 1) / 2)
    const lower = rows - 1 - upper
    const pane = (name: PanelName, count: number) =>
      sectionOf([paneOf(name, snapshot, { columns: columns - 4, rows: count })], count)
    return [pane('latency', upper), pane('throughput', lower)]
  }
  const [left, right] = paneColumns(columns, 2)
  const latency = paneOf('latency', snapshot, { columns: left!, rows })
  const throughput = paneOf('throughput', snapshot, { columns: right!, rows })
  return [sectionOf([latency, throughput], rows)]
}

/** Latency and throughput in three lines. */
function briefSection(snapshot: LiveSnapshot, columns: number, rows: number): Section {
  const lines = [
    latencyWordings(snapshot.ok, [strong('ok')]),
    throughputWordings(snapshot),
    latencyWordings(snapshot.limited, [dim('rejected')]),
  ]
  const title = joinRows([titleOf('latency'), titleOf('throughput')], dim('  '))
  const shown = lines.slice(0, rows).map((wordings) => fittingRow(wordings, columns - 4))
  return sectionOf([{ title, rows: shown }], rows)
}

function generatorSection(snapshot: LiveSnapshot, columns: number, rows: number): Section {
  const title = [...titleOf('generator'), dim(' '), ...verdictSpan(snapshot.health)]
  const reasons = reasonRows(snapshot, { columns: columns - 4, rows })
  return sectionOf([{ title, note: healthNote(snapshot), rows: reasons }], rows)
}

function sectionOf(panes: Section['panes'], rows: number): Section {
  return { panes, rows }
}

function paneOf(name: PanelName, snapshot: LiveSnapshot, size: PaneSize): Pane {
  const title = titleOf(name)
  switch (name) {
    case 'limiters':
      return { title, note: limitersNote(snapshot), rows: limiterRows(snapshot, size) }
    case 'latency':
      return { title, note: latencyNote(snapshot), rows: latencyRows(snapshot, size) }
    case 'throughput':
      return { title, note: [dim('counts of the run')], rows: throughputRows(snapshot, size) }
    case 'events':
      return { title, rows: eventRows(snapshot, size) }
    case 'generator':
      return { title, rows: generatorRows(snapshot, size) }
  }
}

const titles: Readonly<Record<PanelName, readonly [string, string, string]>> = {
  limiters: ['1', 'LIMITERS', ''],
  latency: ['2', 'LATENCY', ' of OK answers'],
  throughput: ['3', 'THROUGHPUT', ''],
  generator: ['4', 'GENERATOR', ''],
  events: ['l', 'EVENTS', ''],
}

function titleOf(name: PanelName): Row {
  const [key, title, more] = titles[name]
  return [accent(key), strong(` ${title}`), dim(more)]
}

function footerRow({ progress }: LiveSnapshot, { stops, maximised: panel }: ViewState): Row {
  if (stops === 2) return [bad('stopping at once')]
  if (stops === 1) {
    const inFlight = progress?.inFlight ?? 0
    return [warn(`stopping: waiting for ${inFlight} in flight; again to stop at once`)]
  }
  const entries = [
    ...(panel === null ? [] : [['esc', 'back']]),
    ['q', 'stop'],
    ['l', 'log'],
    ['1-4', 'panel'],
    ['?', 'help'],
  ]
  return joinRows(
    entries.map(([key, text]): Row => [accent(key!), dim(` ${text}`)]),
    dim(' · '),
  )
}
