// A document that a config or scenario was written in: its value, and where in it things are.

import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
} from 'yaml'
import { messageOf, UserError } from '../core/errors.ts'
import { safeLine } from '../core/text.ts'
import type { Path } from './values.ts'

/** What is wrong at a place. */
export interface Problem {
  readonly path: Path
  /** 'expected X' or 'expected X; hint'; other texts are shown as they are. */
  readonly message: string
  /** What was found, where that is not the value at `path`. */
  readonly got?: string
  /** The words to choose from: the nearest becomes a hint. */
  readonly choices?: readonly string[]
}

/** Where problems are reported. */
export interface Source {
  /** The file as people know it, or what stands for it: 'the command line'. */
  readonly name: string
  readonly value: unknown
  /** ':3:5', or '' where it is not known. */
  positionOf(path: Path): string
  /** What was written where the environment was filled in, without defaults. */
  writtenAt(path: Path): string | undefined
  /** What is wrong already before any schema is asked. */
  readonly problems: readonly Problem[]
}

/** A value made by code. */
export function plainSource(name: string, value: unknown): Source {
  return { name, value, positionOf: () => '', writtenAt: () => undefined, problems: [] }
}

/** YAML or JSON, which is YAML, too; throws `UserError` for what cannot be parsed. */
export function parsedSource(name: string, text: string): Source {
  const lines = new LineCounter()
  // Pretty errors would print lines of the file, and secrets with them.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true })
  if (document.errors.length > 0) {
    const messages = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0])
      return `${name}:${line}:${col}: expected one YAML or JSON document, got ${syntaxText(error.message)}`
    })
    throw new UserError('config', messages.join('\n'))
  }
  const positionOf = (path: Path) => {
    const offset = offsetOf(document, path)
    if (offset === undefined) return ''
    const { line, col } = lines.linePos(offset)
    return `:${line}:${col}`
  }
  return {
    name,
    value: plainValue(document, name),
    positionOf,
    writtenAt: () => undefined,
    problems: [],
  }
}

/** Uses of an anchor that a file may have: each can multiply what it holds. */
const aliasesMax = 100

function plainValue(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasesMax })
  } catch (error) {
    const got = /alias count/i.test(messageOf(error)) ? 'more' : `'${safeLine(messageOf(error))}'`
    const message = `${name}: expected anchors with at most ${aliasesMax} uses, got ${got}; write the values out`
    throw new UserError('config', message, { cause: error })
  }
}

/** The parser's message, without the text of the file that it may end with. */
function syntaxText(message: string): string {
  return `'${safeLine(message.replace(/: ".*$/s, '').replace(/; please .*$/, ''))}'`
}

/** Where the key (or the item) at the end of a path begins; of what is missing, its parent. */
function offsetOf(document: Document.Parsed, path: Path): number | undefined {
  let node: unknown = document.contents
  let offset = rangeOf(node)
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => (isScalar(item.key) ? item.key.value : item.key) === key,
      )
      if (pair === undefined) break
      offset = rangeOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof key === 'number' && key < node.items.length) {
      node = node.items[key]
      offset = rangeOf(node) ?? offset
    } else break
  }
  return offset
}

function rangeOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}
