// Knobs of the systems that the gateway plays: named as in those systems' own documents, given as
// text (from the environment or --set) or as values (from a config). Must not know any one knob.

import { z } from 'zod'
import { durationText, parseDurationUs, UnitError } from '../core/units.ts'

/** As the real code behaves, bugs included, or as its documents say. */
export type Mode = 'faithful' | 'documented'

/** A duration with its unit. */
export const duration = z.string().transform((text, context) => {
  try {
    return parseDurationUs(text)
  } catch (error) {
    if (!(error instanceof UnitError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return z.NEVER
  }
})

/** The environments of those systems have bare seconds. */
const secondsOrDuration = z
  .union([z.string(), z.number()])
  .transform((value) => (/^\d+(\.\d+)?$/.test(String(value)) ? `${value}s` : String(value)))
  .pipe(duration)

/** A whole number from `least` on. */
export function count(fallback: number, description: string, least = 0) {
  const expected = `expected a whole number from ${least} on`
  return z.coerce
    .number(expected)
    .int(expected)
    .min(least, expected)
    .default(fallback)
    .describe(description)
}

/** A number from 0 on. */
export function amount(fallback: number, description: string) {
  return z.coerce
    .number('expected a number')
    .min(0, 'expected a number from 0 on')
    .default(fallback)
    .describe(description)
}

/** Told from numbers by this: µs are shown with their unit. */
const isSpan = true

/** A knob as people see it. */
export interface KnobLine {
  readonly name: string
  /** A text that sets it to what it is. */
  readonly value: string
  readonly description: string
}

/** A knob that is a variable of the system itself: the environment may hold it. */
export function variable<K extends z.ZodType>(knob: K): K {
  return knob.meta({ ...knob.meta(), isVariable: true })
}

/** Values that the environment has for the knobs of a schema. */
export function knobsIn(
  env: Readonly<Record<string, string | undefined>>,
  schema: z.ZodObject,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, knob]) =>
      env[name] && knob.meta()?.isVariable === true ? [[name, env[name]]] : [],
    ),
  )
}

/** The knobs of a schema with the values that they have. */
export function knobLines(
  schema: z.ZodObject,
  values: Readonly<Record<string, unknown>>,
): readonly KnobLine[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, knob]) => {
    const { description = '', ...meta } = knob.meta() ?? {}
    const value = values[name]
    const text = meta.isSpan === true ? durationText(Number(value)) : String(value)
    return { name, value: text, description }
  })
}

/** A span of time. */
export function span(fallback: string, description: string) {
  return secondsOrDuration.prefault(fallback).meta({ description, isSpan })
}

/** On or off. */
export function toggle(fallback: boolean, description: string) {
  return z
    .union([z.boolean(), z.stringbool()], 'expected true or false')
    .default(fallback)
    .describe(description)
}

/** One of some words. */
export function choice<const T extends readonly string[]>(
  values: T,
  fallback: T[number],
  description: string,
) {
  return z
    .enum(values, `expected one of ${values.join(', ')}`)
    .default(fallback as never)
    .describe(description)
}

/** Any text. */
export function text(fallback: string, description: string) {
  return z.string('expected a text').default(fallback).describe(description)
}
