// JSON pointers (RFC 6901): one value out of a parsed document. Must not know what it means.

/** Whether a text is a JSON pointer: empty, or '/'-separated with '~' only as '~0' or '~1'. */
export function isPointer(text: string): boolean {
  return text === '' || (text.startsWith('/') && !/~(?![01])/.test(text))
}

/** The value a pointer points at; undefined when there is none. */
export function valueAt(json: unknown, pointer: string): unknown {
  if (pointer === '') return json
  if (!isPointer(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .reduce((value, token) => memberOf(value, unescaped(token)), json)
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
