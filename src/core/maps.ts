// Maps whose entries are made when they are first asked for.

/** The entry at `key`, made if there is none. */
export function entryOf<K, V>(entries: Map<K, V>, key: K, make: () => V): V {
  let entry = entries.get(key)
  if (entry === undefined) {
    entry = make()
    entries.set(key, entry)
  }
  return entry
}
