// Text that comes from servers, made harmless before a terminal, a file or a person sees it.

/** Control characters, C1, and the Unicode marks that reorder or hide text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly what is to be removed
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** One printable line of at most `charactersMax`. */
export function safeLine(text: string, charactersMax = 200): string {
  const flat = text.slice(0, charactersMax * 4).replace(unsafe, ' ')
  return flat.length > charactersMax ? `${flat.slice(0, charactersMax - 1)}…` : flat
}

/** Replaces every known secret value, plain, URL-encoded or base64, by a marker. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>()
  for (const secret of secrets) {
    // Shorter values would blank out ordinary words.
    if (secret.length < 4) continue
    for (const form of [secret, encodeURIComponent(secret), btoaUtf8(secret)]) forms.add(form)
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((out, form) => out.replaceAll(form, '***'), text)
}

function btoaUtf8(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

/** The candidate nearest to `word` (by edits), when it is near enough to be a typing slip. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const within = Math.max(1, Math.floor(word.length / 3))
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    // A single letter is near to every other, and says nothing.
    const isNear = distance <= within && distance < word.length
    if (isNear && (best === undefined || distance < best.distance)) {
      best = { candidate, distance }
    }
  }
  return best?.candidate
}

/** Edits that turn one word into the other: insert, delete, replace, swap neighbours. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1))
    }
    before = row
    row = next
  }
  return row[b.length]!
}
