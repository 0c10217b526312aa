// Units as users write them ('250ms', '50/s') and as the code holds them (integer µs, per second).

/** Integer microseconds: an instant since the run's epoch or a span, as the name says. */
export type Micros = number

const usPer: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  min: 60e6,
  h: 3600e6,
  d: 86400e6,
}

/** Text that is no duration or rate; says what was expected. */
export class UnitError extends Error {
  override readonly name = 'UnitError'
}

/** '250ms', '1.5s', '2m', '1h30m' → µs; throws `UnitError`. */
export function parseDurationUs(text: string): Micros {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*([a-zµ]+)/giy)]
  const matched = parts.reduce((length, part) => length + part[0].length, 0)
  if (parts.length === 0 || matched !== text.trim().length) {
    throw new UnitError(
      `expected a duration with a unit, like '250ms', '1.5s' or '2m'${hint(text)}`,
    )
  }
  return parts.reduce((sum, [, value, unit]) => sum + Math.round(Number(value) * unitUs(unit!)), 0)
}

/** '50/s', '60/min', '10 per 2s' → requests per second; throws `UnitError`. */
export function parseRatePerS(text: string): number {
  const { count, everyUs } = parseRate(text)
  return count / (everyUs / 1e6)
}

/** '100/min' → 100 every 60,000,000 µs: exact where a rate per second is not. */
export function parseRate(text: string): { count: number; everyUs: Micros } {
  const match = /^(\d+(?:\.\d+)?)\s*(?:\/|per)\s*(\d+(?:\.\d+)?)?\s*([a-zµ]+)$/i.exec(text.trim())
  if (match === null) {
    throw new UnitError(
      `expected a rate that says per what, like '50/s' or '60/min'${rateHint(text)}`,
    )
  }
  const [, count, every = '1', unit] = match
  return { count: Number(count), everyUs: Number(every) * unitUs(unit!) }
}

/** µs → '250ms', '1.5s', '2m': the shortest text that parses back to the same value. */
export function durationText(us: Micros): string {
  for (const [unit, size] of [
    ['h', 3600e6],
    ['m', 60e6],
    ['s', 1e6],
    ['ms', 1e3],
  ] as const) {
    const value = us / size
    if (value >= 1 && Number.isInteger(value * 1000)) return `${value}${unit}`
  }
  return `${us}us`
}

function unitUs(unit: string): number {
  const us = usPer[unit] ?? usPer[unit.toLowerCase()]
  if (us !== undefined) return us
  throw new UnitError(`unknown unit '${unit}'; units are us, ms, s, m (or min), h, d`)
}

function hint(text: string): string {
  return /^\s*\d+(\.\d+)?\s*$/.test(text) ? ` (did you mean '${text.trim()}s'?)` : ''
}

function rateHint(text: string): string {
  return /^\s*\d+(\.\d+)?\s*$/.test(text) ? ` (did you mean '${text.trim()}/s'?)` : ''
}
