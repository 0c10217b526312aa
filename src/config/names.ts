// References by name: lanes and shapes are defined where they are used, or named.

/** The name of a lane or of a mix entry's shape, defined on the spot or not. */
export function nameOf(reference: string | { readonly name: string }): string {
  return typeof reference === 'string' ? reference : reference.name
}
