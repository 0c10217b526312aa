// Numbers for people: three significant digits, the unit always, "–" where nothing is known.

import type { Micros } from './units.ts'

/** What stands where a value is missing. */
export const unknown = '–'

/** 0.00123 → '0.00123', 1234.5 → '1,230', 1_234_567 → '1.23 M'. */
export function formatCount(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return unknown
  const size = Math.abs(value)
  if (size >= 1e9) return `${threeDigits(value / 1e9)} G`
  if (size >= 1e6) return `${threeDigits(value / 1e6)} M`
  return threeDigits(value)
}

/** Exact integers with thousands separators: counts that must add up are never rounded. */
export function formatInteger(value: number | null): string {
  return value === null ? unknown : Math.round(value).toLocaleString('en-US')
}

/** µs → '850 µs', '12.3 ms', '4.56 s', '3 m 20 s'. */
export function formatSpan(us: Micros | null): string {
  if (us === null || !Number.isFinite(us)) return unknown
  const size = Math.abs(us)
  if (size < 999.5) return `${threeDigits(us)} µs`
  if (size < 999_500) return `${threeDigits(us / 1e3)} ms`
  if (size < 120e6) return `${threeDigits(us / 1e6)} s`
  const minutes = Math.floor(size / 60e6)
  const sign = us < 0 ? '-' : ''
  if (minutes < 120) return `${sign}${minutes} m ${Math.floor((size % 60e6) / 1e6)} s`
  return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

/** An instant of the run: '12.345 s'. */
export function formatInstant(us: Micros | null): string {
  return us === null ? unknown : `${(us / 1e6).toFixed(3)} s`
}

/** 0.1234 → '12.3 %'. */
export function formatShare(share: number | null): string {
  return share === null || !Number.isFinite(share) ? unknown : `${threeDigits(share * 100)} %`
}

/** 0.05 → '0.05/s'. */
export function formatRate(perS: number | null): string {
  return perS === null || !Number.isFinite(perS) ? unknown : `${formatCount(perS)}/s`
}

// To make one costs more than all that it formats in a second of a run.
let significant: Intl.NumberFormat | null = null

function threeDigits(value: number): string {
  if (value === 0) return '0'
  significant ??= new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })
  return significant.format(Number(value.toPrecision(3)))
}
