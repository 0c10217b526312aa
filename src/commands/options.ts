// How the values of options are read: whole numbers, durations, rates; what is wrong with one is said
// by commander, beside the option.

import { InvalidArgumentError, Option } from 'commander'
import { parseDurationUs, parseRatePerS } from '../core/units.ts'

/** An option that `LIMITSCOPE_<NAME>` sets, too; the flag wins. */
export function settable(flags: string, description: string, name: string): Option {
  return new Option(flags, description).env(`LIMITSCOPE_${name}`)
}

/** A whole number. */
export function integer(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number')
}

export function decimal(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a number, 0 or more')
}

/** As every how many requests there is a row; 0: there are none. */
export function rowEvery(text: string): number {
  if (text === 'all') return 1
  if (text === 'none') return 0
  const every = /^sample:([1-9]\d{0,8})$/.exec(text)
  if (every !== null) return Number(every[1])
  throw new InvalidArgumentError("expected 'all', 'none' or 'sample:N'")
}

/** How many threads, or 'auto'. */
export function workers(text: string): number | 'auto' {
  if (text === 'auto') return text
  if (/^[1-9]\d?$/.test(text)) return Number(text)
  throw new InvalidArgumentError("expected 'auto' or a number from 1 to 99")
}

function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

/** A duration as µs. */
export const duration = (text: string) => parsed(parseDurationUs, text)
/** A rate as requests per second. */
export const rate = (text: string) => parsed(parseRatePerS, text)

/** Checked here, passed on as text: the config schema parses it again with everything else. */
export function durationText(text: string): string {
  duration(text)
  return text
}

/** The same for a rate. */
export function rateText(text: string): string {
  rate(text)
  return text
}

/** An option that has a default, which the help shows as it is typed. */
export function defaulted<T>(
  [flags, description]: readonly [string, string],
  parse: (text: string) => T,
  text: string,
): Option {
  return new Option(flags, description).argParser(parse).default(parse(text), text)
}

/** An option that may be repeated: a list, empty by default. */
export function repeatable(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[]) => [...before, value]
  return new Option(flags, description).argParser(collect).default([], 'none')
}

/** '1.5%' or 0.015; a bare 1 could be either. */
export function share(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim())
  const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
  if (value < 1 || (value === 1 && match?.[2] === '%')) return value
  throw new InvalidArgumentError("expected a share: '1.5%' or 0.015")
}
