// Frames around panes: sections below each other, one or two panes side by side, with shared borders.

import { cutRow, dim, fitRow, plain, type Row, rowWidth, sliceRow } from './row.ts'

/** What a pane has to fill. */
export interface PaneSize {
  readonly columns: number
  readonly rows: number
}

export interface Pane {
  readonly title: Row
  /** At the right end of the title line, when there is room. */
  readonly note?: Row
  readonly rows: readonly Row[]
}

/** Panes side by side, each `rows` high. */
export interface Section {
  readonly panes: readonly [Pane] | readonly [Pane, Pane]
  readonly rows: number
}

/** Columns inside the panes of a section. */
export function paneColumns(columns: number, count: 1 | 2): readonly number[] {
  if (count === 1) return [columns - 4]
  const left = Math.round((columns - 7) * leftShare)
  return [left, columns - 7 - left]
}

/** All sections and a last line with `footer`; each row is exactly `columns` wide. */
export function drawGrid(sections: readonly Section[], footer: Row, columns: number): Row[] {
  const body = sections.flatMap((section, i) => [
    titleLine(section, sections[i - 1] ?? null, columns),
    ...paneRows(section, columns),
  ])
  return [...body, lastLine(sections.at(-1) ?? null, footer, columns)]
}

/** The left pane holds the table with the most columns. */
const leftShare = 0.55

function titleLine(section: Section, above: Section | null, columns: number): Row {
  const ends: Ends = above === null ? ['╭', '╮'] : ['├', '┤']
  const bar = border(ends, { above: jointOf(above, columns), below: jointOf(section, columns) })
  return section.panes.reduce<Row>((line, pane, i) => {
    const widths = paneColumns(columns, section.panes.length)
    const start = i === 0 ? 2 : widths[0]! + 5
    return withTitles(line, pane, { start, columns: widths[i]! })
  }, bar(columns))
}

function withTitles(line: Row, pane: Pane, place: { start: number; columns: number }): Row {
  const { start, columns } = place
  const title = labelOf(pane.title, columns)
  const titled = overlay(line, title, start)
  const note = labelOf(pane.note ?? [], columns)
  const isRoomy = rowWidth(title) + rowWidth(note) + 1 <= columns
  return isRoomy ? overlay(titled, note, start + columns - rowWidth(note)) : titled
}

function labelOf(text: Row, columns: number): Row {
  return text.length === 0 ? [] : [plain(' '), ...cutRow(text, columns - 2), plain(' ')]
}

function paneRows(section: Section, columns: number): Row[] {
  const widths = paneColumns(columns, section.panes.length)
  return Array.from({ length: section.rows }, (_, i) => {
    const cells = section.panes.map(({ rows }, p) => fitRow(rows[i] ?? [], widths[p]!))
    return [
      dim('│ '),
      ...cells.flatMap((cell, p) => (p === 0 ? cell : [dim(' │ '), ...cell])),
      dim(' │'),
    ]
  })
}

function lastLine(above: Section | null, footer: Row, columns: number): Row {
  const bar = border(['╰', '╯'], { above: jointOf(above, columns), below: null })(columns)
  return overlay(bar, labelOf(footer, columns - 4), 2)
}

type Ends = readonly [string, string]

/** A horizontal border with joints where panes meet it from above and from below. */
function border(ends: Ends, joints: { above: number | null; below: number | null }) {
  return (columns: number): Row => {
    const signs = new Array<string>(columns).fill('─')
    signs[0] = ends[0]
    signs[columns - 1] = ends[1]
    const { above, below } = joints
    if (above !== null) signs[above] = '┴'
    if (below !== null) signs[below] = above === below ? '┼' : '┬'
    return [dim(signs.join(''))]
  }
}

function jointOf(section: Section | null, columns: number): number | null {
  if (section === null || section.panes.length === 1) return null
  return paneColumns(columns, 2)[0]! + 3
}

/** Lays `top` over `line`, from the column `start` on. */
export function overlay(line: Row, top: Row, start: number): Row {
  const columns = rowWidth(line)
  const end = Math.min(columns, start + rowWidth(top))
  return [...sliceRow(line, 0, start), ...top, ...sliceRow(line, end, columns)]
}
