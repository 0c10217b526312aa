// Limits out of header fields: families of fields whose names hold a limiter, and the plain triple
// of limit, remaining and reset with its quota policies. Must not know who sends them.

import type { LimitUnit } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { LimitSignal, ResponseView } from './dialect.ts'
import { unitIn } from './dimension.ts'
import { type ReadSpan, readReset } from './reset.ts'
import { countOf, itemsOf, textOf } from './structured.ts'
import { cleanName, clockOf, field, numberIn } from './view.ts'

/** Fields of one limiter: `key` and `scope` are what in their names tells it from others. */
export interface FieldGroup {
  readonly key: string
  /** '' for patterns that have none. */
  readonly scope: string
  readonly limit: number | null
  readonly remaining: number | null
  readonly reset: ReadSpan | null
  /** Names of the fields, in their order. */
  readonly fields: readonly string[]
}

const groupsMax = 64
const nameCharactersMax = 128

/**
 * Groups fields by the named groups `key` and (optional) `scope` of a pattern; its group `measure`
 * says what a field holds: limit, remaining or reset.
 */
export function fieldGroups(view: ResponseView, pattern: RegExp): readonly FieldGroup[] {
  const collected = new Map<string, { key: string; scope: string; names: Map<string, string> }>()
  for (const name in view.headers) {
    const parts = name.length > nameCharactersMax ? undefined : pattern.exec(name)?.groups
    if (parts === undefined) continue
    const { key = '', scope = '', measure = '' } = parts
    const id = `${scope} ${key}`
    const group = collected.get(id) ?? { key, scope, names: new Map() }
    group.names.set(measure, name)
    if (collected.size < groupsMax) collected.set(id, group)
  }
  return [...collected.values()].map(({ key, scope, names }) => ({
    key,
    scope,
    ...figuresIn(view, names),
  }))
}

function figuresIn(view: ResponseView, names: ReadonlyMap<string, string>) {
  const textIn = (measure: string) => {
    const name = names.get(measure)
    return name === undefined ? null : field(view, name)
  }
  return {
    limit: numberIn(textIn('limit')),
    remaining: numberIn(textIn('remaining')),
    reset: resetIn(view, textIn('reset')),
    fields: [...names.values()],
  }
}

/** A group as a signal. */
export function signalOf(
  group: FieldGroup,
  is: { name: string | null; unit: LimitUnit | null; windowUs?: Micros | null },
): LimitSignal {
  return {
    name: cleanName(is.name),
    unit: is.unit,
    limit: group.limit,
    remaining: group.remaining,
    windowUs: is.windowUs ?? null,
    resetUs: group.reset?.us ?? null,
    evidence: evidenceOf(group),
  }
}

function evidenceOf({ fields, reset }: FieldGroup): string {
  const resetField = fields.find((name) => name.includes('reset'))
  if (reset !== null && resetField !== undefined) return `${resetField}: ${reset.as}`
  return fields[0] ?? ''
}

/** A reset value, counted from the server's clock where that differs; null when there is none. */
export function resetIn(view: ResponseView, value: string | null): ReadSpan | null {
  if (value === null) return null
  const clock = clockOf(view)
  const { us, as } = readReset(value, clock)
  const isAbsolute = /^(?:epoch|RFC|HTTP)/.test(as)
  return { us, as: isAbsolute ? `${as}${clock.note}` : as }
}

/**
 * The fields `<prefix>-limit`, `-remaining`, `-reset` and `-policy`, as RateLimit drafts 00 to 06
 * have them, with or without X-. The limit may list quota policies after the closest limit:
 * `10, 10;w=1;name="per ip", 1000;w=3600`.
 */
export function tripleSignals(view: ResponseView, prefix: string): readonly LimitSignal[] {
  const limits = quotaSignals(view, `${prefix}-limit`)
  const policies = [
    ...limits.filter(({ windowUs }) => windowUs !== null),
    ...quotaSignals(view, `${prefix}-policy`),
  ]
  const remaining = numberIn(field(view, `${prefix}-remaining`))
  const reset = resetIn(view, field(view, `${prefix}-reset`))
  if (limits.length === 0 && remaining === null && reset === null) return policies

  const limit = limits[0]?.limit ?? null
  const first = limits.length > 0 ? 'limit' : 'remaining'
  const closest =
    limit === null && policies.length === 1
      ? policies[0]
      : policies.find((policy) => policy.limit === limit)
  return [
    {
      ...(closest ?? limits[0] ?? unknown),
      remaining,
      resetUs: reset?.us ?? null,
      evidence: reset === null ? `${prefix}-${first}` : `${prefix}-reset: ${reset.as}`,
    },
    ...policies.filter((policy) => policy !== closest),
  ]
}

const unknown = { name: null, unit: null, limit: null, windowUs: null }

/** The quota policies of a field: `100;w=60, 1000;w=3600;name="per ip"`; [] when malformed. */
export function quotaSignals(view: ResponseView, name: string): readonly LimitSignal[] {
  return itemsOf(field(view, name)).flatMap(([bare, parameters]) => {
    const limit = countOf(bare)
    if (limit === null) return []
    const policy = cleanName(textOf(parameters.get('name')))
    const windowUs = secondsUs(countOf(parameters.get('w')))
    const said = { name: policy, unit: unitIn(policy), limit, windowUs }
    return [{ ...said, remaining: null, resetUs: null, evidence: name }]
  })
}

/** Seconds of a structured field as a span; its integers may have 15 digits, which is no span. */
export function secondsUs(seconds: number | null): Micros | null {
  return seconds === null || seconds > 100 * 365 * 86400 ? null : Math.round(seconds * 1e6)
}

/** The only signal with nothing left; null when there is none, or more than one. */
export function exhausted(signals: readonly LimitSignal[]): LimitSignal | null {
  const spent = signals.filter(({ remaining }) => remaining !== null && remaining <= 0)
  return spent.length === 1 ? spent[0]! : null
}
