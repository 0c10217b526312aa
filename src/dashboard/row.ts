// Rows of text before they are painted: spans with a tone, measured and cut in terminal columns. Must
// not know colours, nor what is drawn.

import stringWidth from 'string-width'
import { safeLine } from '../core/text.ts'

/** What a piece of text is for; a style gives each tone its look. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'bad' | 'warn' | 'accent'

export interface Span {
  readonly text: string
  readonly tone: Tone
}

/** One line of the screen. */
export type Row = readonly Span[]

export const plain = (text: string): Span => ({ text, tone: 'plain' })
export const strong = (text: string): Span => ({ text, tone: 'strong' })
export const dim = (text: string): Span => ({ text, tone: 'dim' })
export const good = (text: string): Span => ({ text, tone: 'good' })
export const bad = (text: string): Span => ({ text, tone: 'bad' })
export const warn = (text: string): Span => ({ text, tone: 'warn' })
export const accent = (text: string): Span => ({ text, tone: 'accent' })

/** Text from outside, on one line and of a width that terminals agree on. */
export function cleanText(text: string | null | undefined): string {
  // Marks that only modify their neighbours are what terminals measure differently.
  const clean = safeLine(text ?? 'unknown', 400)
    .toWellFormed()
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, '')
  return narrow.test(clean) ? clean : withoutGiants(clean)
}

/** No terminal draws a character in more than two columns; what would count as more is replaced. */
function withoutGiants(text: string): string {
  return Array.from(segmenter.segment(text), ({ segment }) => {
    return textWidth(segment) > 2 ? '\ufffd' : segment
  }).join('')
}

/** Columns a text takes. */
export function textWidth(text: string): number {
  return narrow.test(text) ? text.length : stringWidth(text)
}

/** Columns a row takes. */
export function rowWidth(row: Row): number {
  return row.reduce((sum, { text }) => sum + textWidth(text), 0)
}

/** At most `columns` wide; what is left out shows as '…'. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  return columns < 1 ? '' : `${cutColumns(text, columns - 1)}…`
}

/** At most `columns` wide; what is left out shows as '…'. */
export function cutRow(row: Row, columns: number): Row {
  if (rowWidth(row) <= columns) return row
  const kept: Span[] = []
  let left = columns
  for (const { text, tone } of row) {
    const width = textWidth(text)
    if (width >= left) return [...kept, { text: cutMore(text, left), tone }]
    kept.push({ text, tone })
    left -= width
  }
  return kept
}

/** Exactly `columns` wide. */
export function fitRow(row: Row, columns: number, align: 'left' | 'right' = 'left'): Row {
  const cut = cutRow(row, columns)
  const gap = columns - rowWidth(cut)
  if (gap <= 0) return cut
  const blank = plain(' '.repeat(gap))
  return align === 'left' ? [...cut, blank] : [blank, ...cut]
}

/** The columns `from` up to `to` of a row; characters that straddle an edge become blanks. */
export function sliceRow(row: Row, from: number, to: number): Row {
  let column = 0
  const slice = row.map(({ text, tone }) => {
    if (narrow.test(text)) {
      const start = Math.max(0, from - column)
      const end = Math.max(start, to - column)
      column += text.length
      return { text: text.slice(start, end), tone }
    }
    let kept = ''
    for (const { segment } of segmenter.segment(text)) {
      const width = textWidth(segment)
      const isInside = column >= from && column + width <= to
      const overlap = Math.min(column + width, to) - Math.max(column, from)
      kept += isInside ? segment : ' '.repeat(Math.max(0, overlap))
      column += width
    }
    return { text: kept, tone }
  })
  return fitRow(slice, Math.max(0, to - from))
}

/** `left` and `right` at the ends of `columns`; the left one gives way. */
export function spreadRow(left: Row, right: Row, columns: number): Row {
  const rightColumns = rowWidth(right)
  if (rightColumns === 0 || rightColumns + 8 > columns) return fitRow(left, columns)
  return [...fitRow(left, columns - rightColumns - 1), plain(' '), ...right]
}

/** Rows with a separator between them. */
export function joinRows(rows: readonly Row[], separator: Span): Row {
  return rows.flatMap((row, i) => (i === 0 ? row : [separator, ...row]))
}

/** The first of several wordings that fits, or the last one, cut. */
export function fittingRow(wordings: readonly Row[], columns: number): Row {
  return wordings.find((row) => rowWidth(row) <= columns) ?? cutRow(wordings.at(-1)!, columns)
}

// ASCII, and the signs that the dashboard itself draws with: one column each.
const narrow = /^[ -~µ·–…›─-╿▀-▟▸●○✓✗]*$/

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Like `cutText`, but something follows: even text that just fits has to end in '…'. */
function cutMore(text: string, columns: number): string {
  return columns < 1 ? '' : `${cutColumns(text, columns - 1)}…`
}

/** As much of a text as fits, without a sign that there is more. */
export function cutColumns(text: string, columns: number): string {
  let width = 0
  let end = 0
  for (const { segment, index } of segmenter.segment(text)) {
    width += textWidth(segment)
    if (width > columns) break
    end = index + segment.length
  }
  return text.slice(0, end)
}
