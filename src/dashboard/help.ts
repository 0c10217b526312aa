// The help that is laid over the panels.

import { overlay } from './grid.ts'
import { accent, dim, fitRow, plain, type Row, rowWidth, strong } from './row.ts'

/** Keys with what they do, and what else there is to say. */
export interface KeyHelp {
  readonly keys: readonly (readonly [string, string])[]
  readonly notes: readonly string[]
}

/** `rows` with the help in their middle. */
export function withHelp(rows: readonly Row[], columns: number, help: KeyHelp): Row[] {
  const box = helpBox(help, Math.min(columns - 4, 58)).slice(0, rows.length)
  const top = Math.max(0, Math.floor((rows.length - box.length) / 2))
  const left = Math.max(0, Math.floor((columns - rowWidth(box[0] ?? [])) / 2))
  return rows.map((row, i) => {
    const line = box[i - top]
    return line === undefined ? row : overlay(fitRow(row, columns), line, left)
  })
}

function helpBox({ keys, notes }: KeyHelp, columns: number): Row[] {
  const inner = columns - 4
  const lines: Row[] = [
    ...keys.map(([key, text]): Row => [accent(key.padEnd(11)), plain(text)]),
    ...notes.map((note): Row => [dim(note)]),
  ]
  const title: Row = [dim('╭─ '), strong('KEYS'), dim(` ${'─'.repeat(columns - 9)}╮`)]
  const body = lines.map((line): Row => [dim('│ '), ...fitRow(line, inner), dim(' │')])
  return [title, ...body, [dim(`╰${'─'.repeat(columns - 2)}╯`)]]
}
