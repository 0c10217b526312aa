// The RateLimit fields of every draft-ietf-httpapi-ratelimit-headers revision so far, read and
// written. Must not know status codes or bodies.

import type { LimitUnit } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { LimitReport, LimitSignal, ResponseView, WrittenResponse } from './dialect.ts'
import { unitIn } from './dimension.ts'
import { quotaSignals, secondsUs, tripleSignals } from './signals.ts'
import { countOf, itemsOf, numbersOf, quoted, textOf } from './structured.ts'
import { cleanName, field } from './view.ts'
import { figuresOf, secondsUp } from './write.ts'

/** Wire formats: drafts 00 to 06 have a field per figure, 07 a dictionary, 08 on named policies. */
export type Generation = 'draft-6' | 'draft-7' | 'draft-8'

/** What the RateLimit fields of a response say. */
export interface IetfFields {
  readonly generation: Generation
  readonly signals: readonly LimitSignal[]
}

/** Reads the newest generation that is there, plain or with an `X-` or `Beta-` prefix. */
export function ietfFields(view: ResponseView): IetfFields | null {
  for (const prefix of ['ratelimit', 'x-ratelimit', 'beta-ratelimit']) {
    const named = namedSignals(view, prefix)
    if (named.length > 0) return { generation: 'draft-8', signals: named }
    const dictionary = dictionarySignals(view, prefix)
    if (dictionary.length > 0) return { generation: 'draft-7', signals: dictionary }
    // `X-RateLimit-Limit` is older than the drafts and belongs to many others.
    const triple = prefix === 'x-ratelimit' ? [] : tripleSignals(view, prefix)
    if (triple.length > 0) return { generation: 'draft-6', signals: triple }
  }
  return null
}

interface Policy {
  readonly name: string
  readonly limit: number
  readonly windowUs: Micros | null
  readonly unit: LimitUnit | null
}

// A rename of the parameters (r → a, t → w) and names as Tokens are pending; both are read.
function namedSignals(view: ResponseView, prefix: string): readonly LimitSignal[] {
  const policies = policiesOf(field(view, `${prefix}-policy`))
  const states = itemsOf(field(view, prefix)).flatMap(([bare, parameters]) => {
    const name = cleanName(textOf(bare))
    const remaining = countOf(parameters.get('r') ?? parameters.get('a'))
    const resetS = countOf(parameters.get('t') ?? parameters.get('w'))
    if (name === null || remaining === null) return []
    return [{ name, remaining, resetUs: secondsUs(resetS) }]
  })
  return [
    ...states.map(({ name, remaining, resetUs }) => {
      const policy = policies.find((candidate) => candidate.name === name)
      const { limit = null, windowUs = null, unit = unitIn(name) } = policy ?? {}
      const evidence = `${prefix}: delta seconds`
      return { name, unit, limit, remaining, windowUs, resetUs, evidence }
    }),
    ...policies
      .filter(({ name }) => !states.some((state) => state.name === name))
      .map((policy) => ({
        ...policy,
        remaining: null,
        resetUs: null,
        evidence: `${prefix}-policy`,
      })),
  ]
}

function policiesOf(value: string | null): readonly Policy[] {
  return itemsOf(value).flatMap(([bare, parameters]) => {
    const name = cleanName(textOf(bare))
    const limit = countOf(parameters.get('q'))
    if (name === null || limit === null) return []
    const windowS = countOf(parameters.get('w'))
    const quotaUnit = textOf(parameters.get('qu'))
    // 'requests' is the default, but names like 'tokens' are older than the parameter.
    const unit = quotaUnit === null ? (unitIn(name) ?? 'requests') : unitIn(quotaUnit)
    return [{ name, limit, windowUs: secondsUs(windowS), unit }]
  })
}

function dictionarySignals(view: ResponseView, prefix: string): readonly LimitSignal[] {
  const numbers = numbersOf(field(view, prefix))
  const [limit, remaining, resetS] = ['limit', 'remaining', 'reset'].map((key) =>
    countOf(numbers.get(key)),
  )
  if (limit == null && remaining == null && resetS == null) return []
  const policies = quotaSignals(view, `${prefix}-policy`)
  const policy = policies.find((candidate) => candidate.limit === limit) ?? policies[0]
  return [
    {
      name: policy?.name ?? null,
      unit: policy?.unit ?? null,
      limit: limit ?? null,
      remaining: remaining ?? null,
      windowUs: policy?.windowUs ?? null,
      resetUs: secondsUs(resetS ?? null),
      evidence: `${prefix}: delta seconds`,
    },
    ...policies.filter((candidate) => candidate !== policy),
  ]
}

/** One limiter in the fields of a generation, in the order express-rate-limit sends them. */
export function writeFields(
  generation: Exclude<Generation, 'draft-8'>,
  report: LimitReport,
): WrittenResponse['headers'] {
  const { limit, remaining, windowUs } = figuresOf(report)
  const reset = secondsUp(report.resetUs)
  const window = windowUs === null ? '' : `;w=${secondsUp(windowUs)}`
  const policy = { 'ratelimit-policy': `${limit}${window}` }
  if (generation === 'draft-7') {
    const figures = `limit=${limit}, remaining=${remaining}, reset=${reset}`
    return { ...policy, ratelimit: figures }
  }
  return {
    ...policy,
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': reset,
  }
}

/** A limiter as a member of `RateLimit`: `"name";r=2;t=5`, with what stands between parameters. */
export function serviceLimitItem(report: LimitReport, separator = ';'): string {
  const { remaining } = figuresOf(report)
  const figures = [`r=${remaining}`, `t=${secondsUp(report.resetUs)}`]
  return [quoted(report.limiter.name), ...figures].join(separator)
}

/** A limiter as a member of `RateLimit-Policy`: `"name";q=3;w=5`, and further parameters. */
export function policyItem(
  report: LimitReport,
  further: readonly string[] = [],
  separator = ';',
): string {
  const { limit, windowUs } = figuresOf(report)
  const window = windowUs === null ? [] : [`w=${secondsUp(windowUs)}`]
  return [quoted(report.limiter.name), `q=${limit}`, ...window, ...further].join(separator)
}
