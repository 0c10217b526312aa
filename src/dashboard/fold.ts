// Folding of text into lines of a width: at blanks, and within words that are longer than a line.

import { cutColumns, textWidth } from './row.ts'

/** Lines of at most `columns`; at least one. */
export function foldText(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((whole) => piecesOf(whole, columns))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (textWidth(longer) <= columns) {
      line = longer
    } else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}

function piecesOf(word: string, columns: number): string[] {
  const pieces: string[] = []
  let rest = word
  while (textWidth(rest) > columns) {
    const head = cutColumns(rest, columns)
    if (head === '') break
    pieces.push(head)
    rest = rest.slice(head.length)
  }
  return [...pieces, rest]
}
