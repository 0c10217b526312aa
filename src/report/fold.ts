// Long lines in a terminal: words that do not fit go to the next line.

import wrapAnsi from 'wrap-ansi'

/** Lines of at most so many columns, each indented; a longer word has a line of its own. */
export function foldedLines(text: string, columns: number, indent = ''): string[] {
  const width = Math.max(1, columns - indent.length)
  return wrapAnsi(text, width)
    .split('\n')
    .map((line) => indent + line)
}
