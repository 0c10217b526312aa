// Structured fields (RFC 9651) as limits use them. A field that does not parse counts as absent, as
// the RateLimit draft demands.

import {
  type BareItem,
  type Item,
  parseDictionary,
  parseList,
  serializeString,
  Token,
} from 'structured-headers'

/** The items of a List, [] when it is malformed; inner lists are left out. */
export function itemsOf(value: string | null): readonly Item[] {
  if (value === null) return []
  try {
    return parseList(value).filter((member): member is Item => !Array.isArray(member[0]))
  } catch {
    return []
  }
}

/** The numbers of a Dictionary by key, empty when it is malformed. */
export function numbersOf(value: string | null): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  if (value === null) return numbers
  try {
    for (const [key, [member]] of parseDictionary(value)) {
      if (typeof member === 'number') numbers.set(key, member)
    }
  } catch {
    numbers.clear()
  }
  return numbers
}

/** The text of a String or Token; null for any other kind. */
export function textOf(value: BareItem | undefined): string | null {
  if (typeof value === 'string') return value
  return value instanceof Token ? value.toString() : null
}

/** A number that is not negative; null for anything else. */
export function countOf(value: BareItem | undefined): number | null {
  return typeof value === 'number' && value >= 0 ? value : null
}

/** A quoted String; what it cannot hold becomes '?'. */
export function quoted(text: string): string {
  return serializeString(text.replace(/[^\x20-\x7e]/g, '?'))
}
