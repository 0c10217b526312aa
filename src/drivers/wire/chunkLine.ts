// The rest of a chunk's first line, after the size: extensions, which nobody uses, and which must be
// right all the same, or others would read the body in another way (RFC 9112, section 7.1.1).

import { isText, isToken } from './messageHead.ts'

const LF = 10
const CR = 13
const QUOTE = 34
const SEMICOLON = 59
const EQUALS = 61
const BACKSLASH = 92

// Where in the line its next byte is.
export const afterSize = 0
const beforeName = 1
const inName = 2
const beforeValue = 3
const inValue = 4
const inQuotes = 5
const inEscape = 6
export const beforeLineFeed = 7
export const isLineOver = 8
export const isBadLine = 9

/** Where in the line the byte after this one is. */
export function nextInChunkLine(line: number, byte: number): number {
  switch (line) {
    case beforeName:
      return isToken[byte] === 1 ? inName : isBadLine
    case inName:
      if (isToken[byte] === 1) return inName
      return byte === EQUALS ? beforeValue : nextInChunkLine(afterSize, byte)
    case beforeValue:
      if (byte === QUOTE) return inQuotes
      return isToken[byte] === 1 ? inValue : isBadLine
    case inValue:
      return isToken[byte] === 1 ? inValue : nextInChunkLine(afterSize, byte)
    case inQuotes:
      if (byte === QUOTE) return afterSize
      return byte === BACKSLASH ? inEscape : isText(byte) ? inQuotes : isBadLine
    case inEscape:
      return isText(byte) ? inQuotes : isBadLine
    case beforeLineFeed:
      return byte === LF ? isLineOver : isBadLine
    default:
      return byte === CR ? beforeLineFeed : byte === SEMICOLON ? beforeName : isBadLine
  }
}
