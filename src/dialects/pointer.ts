// JSON pointers (RFC 6901): one value out of a parsed document. Must not know what it means.

/** Whether a text is a JSON pointer: empty, or '/'-separated with '~' only as '~0' or '~1'. */
export function isPointer(text: string): boolean {
  return text === '' || (text.startsWith('/') && !/~(?![01])/.test(text))
}

/** The value a pointer points at; undefined when there is none. */
export function valueAt(json: unknown, pointer: string): unknown {
  const tokens = tokensOf(pointer)
  if (tokens === null) return undefined
  let value = json
  for (const token of tokens) value = memberOf(value, token)
  return value
}

/** Pointers are in the code and in what users declare, never in a response: there are few. */
const known = new Map<string, readonly string[] | null>()

/** What a pointer has between its slashes; null when it is none. */
function tokensOf(pointer: string): readonly string[] | null {
  let tokens = known.get(pointer)
  if (tokens === undefined) {
    tokens = isPointer(pointer) ? pointer.split('/').slice(1).map(unescaped) : null
    known.set(pointer, tokens)
  }
  return tokens
}

// Own members only: a hostile body must not reach what objects inherit.
function memberOf(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined
  return (value as Readonly<Record<string, unknown>>)[token]
}

function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}
