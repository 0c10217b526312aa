// Documents in YAML or JSON, with the places of what is in them. The one file that knows the YAML
// parser, which takes longer to load than many a config to run: load it when there is a document.

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
import type { Source } from './source.ts'
import type { Path } from './values.ts'

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
