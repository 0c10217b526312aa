// The smallest pieces of the config schema: names, durations, rates, counts, headers. Every message
// is 'expected X' or 'expected X; hint'; problems.ts puts what was found between the two.

import { z } from 'zod'
import { parseDurationUs, parseRatePerS, UnitError } from '../core/units.ts'

/** Data as users may write it: nothing in it is changed. */
export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

const nameExpected = 'expected a name of up to 64 letters, digits, dots, dashes and underscores'

/** What lanes, shapes, phases and limiters go by in files and on screen. */
export const name = z
  .string({ error: nameExpected })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: nameExpected })

/** Scenarios may be sorted into folders: 'maas/interplay'. */
export const scenarioName = z
  .string({ error: nameExpected })
  .regex(/^(?=.{1,64}$)[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/, {
    error: nameExpected,
  })

/** '250ms', '2m', '0s'. */
export const duration = unitText(parseDurationUs, 's')

/** A duration that is no pause: above 0. */
export const span = unitText(
  (text) => aboveZero(parseDurationUs(text), 'expected a duration above 0'),
  's',
)

/** '50/s', above 0. */
export const rate = unitText((text) => aboveZero(parseRatePerS(text), 'expected a rate above 0/s'))

/** A rate that may be 0/s, as at the ends of ramps and in steps. */
export const rateOrZero = unitText(parseRatePerS)

export const count = wholeNumber(1)
export const countOrZero = wholeNumber(0)

const amountExpected = 'expected a number above 0'
export const amount = z.number({ error: amountExpected }).positive({ error: amountExpected })

export const flag = z.boolean({ error: 'expected true or false' })

/** Text with something in it. */
export function text(what: string) {
  const error = `expected ${what}`
  return z.string({ error }).min(1, { error })
}

export function list<T extends z.ZodType>(what: string, item: T) {
  const error = `expected ${what}`
  return z.array(item, { error }).min(1, { error })
}

/** How the message about an unknown key begins; the known ones follow. */
export const keysExpected = 'expected one of the keys '

/** An object without any other keys than these. */
export function object<T extends z.core.$ZodLooseShape>(what: string, shape: T) {
  const keys = Object.keys(shape).join(', ')
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `${keysExpected}${keys}` : `expected ${what}`,
  })
}

/** Headers whose values are secrets by their nature. */
const secretHeaders =
  /^(authorization|proxy-authorization|cookie|x-api-key|api-key|x-goog-api-key)$/i

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'expected a header name' })
  .refine((header) => !secretHeaders.test(header), {
    error:
      "expected headers that are no secret; give the lane a credential instead: bearer, apiKey or credential with 'header'",
  })

const headerExpected = 'expected a header value: one line of text'

/** Headers that may be written to files. */
export const headers = z
  .record(
    headerName,
    z
      .string({ error: headerExpected })
      .regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: headerExpected }),
    { error: 'expected headers by name' },
  )
  .describe('Headers by name; no secrets, those are credentials of lanes.')

function wholeNumber(min: number) {
  const error = min > 0 ? 'expected a whole number above 0' : 'expected a whole number'
  return z.int({ error }).min(min, { error })
}

/** Text that `parse` understands; a bare number gets the hint to add `unit` (or '/s'). */
function unitText(parse: (text: string) => number, unit = '/s') {
  const isRate = unit === '/s'
  const expected = isRate
    ? "expected a rate that says per what, like '50/s' or '60/min'"
    : "expected a duration with a unit, like '250ms', '1.5s' or '2m'"
  const hint = (input: unknown) =>
    typeof input === 'number' && Number.isFinite(input) && input >= 0
      ? `; did you mean '${input}${unit}'?`
      : ''
  return z
    .string({ error: ({ input }) => expected + hint(input) })
    .superRefine((value, context) => {
      const message = unitProblem(parse, value, expected)
      // Checks of what is around it may parse it, and must not see what cannot be parsed.
      if (message !== null) context.addIssue({ code: 'custom', message, continue: false })
    })
    .meta({ examples: isRate ? ['50/s', '60/min'] : ['250ms', '1.5s', '2m'] })
}

/** `UnitError`s in the form of our messages; null where the text is fine. */
function unitProblem(parse: (text: string) => number, value: string, expected: string) {
  try {
    const parsed = parse(value)
    return Number.isFinite(parsed) && parsed <= Number.MAX_SAFE_INTEGER ? null : expected
  } catch (error) {
    if (!(error instanceof UnitError)) throw error
    const { message } = error
    if (!message.startsWith('expected')) return `${expected}; ${message}`
    return message.replace(/ \((did you mean .*)\)$/, '; $1')
  }
}

function aboveZero(value: number, expected: string): number {
  if (value > 0) return value
  throw new UnitError(expected)
}
