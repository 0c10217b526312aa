// What changed about limiters between two sets of runs. Where a parameter is exact, a change needs no
// test: 60 requests are not 50, whatever the noise.

import { formatInteger, formatSpan } from '../core/format.ts'
import { type LimiterModel, limitOf, windowUsOf } from '../core/limits.ts'
import { median } from '../core/statistics.ts'
import { isWithinOneWindow } from '../recording/findings.ts'
import { agreed, type Bracket, bracketChange, exactChange, middleOf } from './brackets.ts'
import type { Change, LimiterChange } from './comparison.ts'
import { limiterKey, limitersAsIn } from './limiterMatching.ts'
import type { LimiterSummary, RunSummary } from './result.ts'
import type { RunMetric } from './runMetrics.ts'
import { type Tested, type Thresholds, testChange } from './shifts.ts'

interface Parameter {
  readonly name: string
  readonly worse: RunMetric['worse']
  readonly text: (value: number) => string
  readonly of: (limiter: LimiterSummary) => Bracket | null
  /** Whether one run's bracket holds the truth, by how such a limiter works. */
  readonly isExact: (limiter: LimiterSummary) => boolean
}

/** Two sets of runs. */
export interface LimiterSets {
  readonly base: readonly RunSummary[]
  readonly candidate: readonly RunSummary[]
  readonly isPaired: boolean
}

/** A change that is known, or one that is tested together with everything else. */
export interface LimiterDraft {
  readonly named: Omit<LimiterChange, keyof Change>
  readonly known: Change | Tested
}

export function limiterDrafts(sets: LimiterSets, thresholds: Thresholds): LimiterDraft[] {
  const base = sets.base.map((run) => limitersAsIn(sets.candidate, run))
  const candidate = sets.candidate.map((run) => limitersAsIn(sets.base, run))
  const names = new Map([...base, ...candidate].flat().map((one) => [limiterKey(one), one]))
  return [...names].flatMap(([key, { scenario, lane, limiter }]) => {
    const foundIn = (runs: typeof base) =>
      runs.map((limiters) => limiters.find((one) => limiterKey(one) === key) ?? null)
    const found = { base: foundIn(base), candidate: foundIn(candidate) }
    const drafts = [
      ...firingChange(found.base, found.candidate),
      ...declaredChanges(found.base, found.candidate),
      ...parameters.flatMap((parameter) => {
        return observedChange(parameter, { ...found, isPaired: sets.isPaired, thresholds })
      }),
    ]
    return drafts.map(({ known, ...texts }) => {
      return { named: { scenario, lane, limiter, ...texts }, known }
    })
  })
}

interface Draft {
  readonly parameter: string
  readonly baseText: string
  readonly candidateText: string
  readonly known: Change | Tested
}
type Found = readonly (LimiterSummary | null)[]

const admitted = (limiter: LimiterSummary) =>
  isWithinOneWindow(limiter) ? (limiter.first?.admitted ?? null) : null

const parameters: readonly Parameter[] = [
  {
    name: 'requests admitted before the first rejection',
    worse: 'lower',
    text: formatInteger,
    of: (limiter) => {
      if (limiter.declared?.model.unit === 'concurrent-requests') return null
      const found = admitted(limiter)
      return found && [found.requestsMin, found.requestsMax]
    },
    isExact: (limiter) => isCounted(limiter, 'requests'),
  },
  {
    name: 'requests in flight at the first rejection',
    worse: 'lower',
    text: formatInteger,
    of: ({ declared, first }) => {
      if (declared?.model.unit !== 'concurrent-requests' || first === null) return null
      return [first.inFlight, first.inFlight]
    },
    isExact: () => false,
  },
  {
    name: 'tokens admitted before the first rejection',
    worse: 'lower',
    text: formatInteger,
    of: (limiter) => {
      const found = admitted(limiter)
      const isAboutTokens = limiter.declared?.model.unit.includes('tokens') ?? false
      return isAboutTokens ? found && [found.tokensMin, found.tokensMax] : null
    },
    isExact: () => false,
  },
  {
    name: 'window',
    worse: 'higher',
    text: formatSpan,
    of: (limiter) => {
      const { first } = limiter
      if (first === null || first.windowUsMin === null || !isWithinOneWindow(limiter)) return null
      return [first.windowUsMin, first.windowUsMax!]
    },
    isExact: ({ declared }) => {
      const algorithm = declared?.model.algorithm
      return algorithm?.kind === 'fixed-window' && algorithm.anchor === 'first-request'
    },
  },
  {
    name: 'overshoot',
    worse: 'higher',
    text: formatInteger,
    of: ({ overshoot }) => (overshoot === null ? null : [overshoot, overshoot]),
    isExact: () => false,
  },
]

/** Whether such a limiter admits the same number of requests in every run. */
function isCounted({ declared }: LimiterSummary, unit: string): boolean {
  if (declared === null || declared.model.unit !== unit) return false
  const { algorithm } = declared.model
  if (algorithm.kind === 'fixed-window' || algorithm.kind === 'budget') {
    return algorithm.anchor === 'first-request'
  }
  return algorithm.kind === 'sliding-log'
}

/** Whether it rejected at all. */
function firingChange(base: Found, candidate: Found): Draft[] {
  const share = (found: Found) => found.filter((one) => one?.first != null).length / found.length
  const [before, after] = [share(base), share(candidate)]
  if (before === after || Math.abs(after - before) < 1) return []
  const text = (value: number) => (value === 1 ? 'rejects' : 'never rejects')
  const reason = after === 1 ? 'it rejects what it let pass' : 'it lets pass what it rejected'
  const known = { ...exactChange(before, after, base.length, 'REGRESSION'), reason }
  return [{ parameter: 'rejections', baseText: text(before), candidateText: text(after), known }]
}

/** What the plans, or the target's headers, say about it. */
function declaredChanges(base: Found, candidate: Found): Draft[] {
  const before = base.find((one) => one !== null)?.declared?.model
  const after = candidate.find((one) => one !== null)?.declared?.model
  if (before === undefined || after === undefined) return []
  return declarations.flatMap(({ name, of, text, worse }) => {
    const [a, b] = [of(before), of(after)]
    if (a === b) return []
    const isWorse = worse === 'other' || (worse === 'higher') === Number(b) > Number(a)
    const verdict = isWorse ? 'REGRESSION' : 'IMPROVEMENT'
    const known = exactChange(Number(a), Number(b), base.length, verdict)
    return [{ parameter: name, baseText: text(a), candidateText: text(b), known }]
  })
}

type Declared = number | string | boolean | null

interface Declaration {
  readonly name: string
  readonly of: (model: LimiterModel) => Declared
  readonly text: (value: Declared) => string
  /** 'other': no way is better, somebody has to look. */
  readonly worse: RunMetric['worse'] | 'other'
}

const declarations: readonly Declaration[] = [
  {
    name: 'declared limit',
    of: ({ algorithm }) => limitOf(algorithm),
    text: (value) => formatInteger(value as number),
    worse: 'lower',
  },
  {
    name: 'declared window',
    of: ({ algorithm }) => windowUsOf(algorithm),
    text: (value) => formatSpan(value as number | null),
    worse: 'higher',
  },
  {
    name: 'declared chargesRejected',
    of: ({ chargesRejected }) => chargesRejected,
    text: String,
    worse: 'higher',
  },
  {
    name: 'declared algorithm',
    of: ({ algorithm }) => algorithm.kind,
    text: String,
    worse: 'other',
  },
  { name: 'declared unit', of: ({ unit }) => unit, text: String, worse: 'other' },
  { name: 'declared charge', of: ({ charge }) => charge, text: String, worse: 'other' },
]

interface ObservedSets {
  readonly base: Found
  readonly candidate: Found
  readonly isPaired: boolean
  readonly thresholds: Thresholds
}

function observedChange(parameter: Parameter, sets: ObservedSets): Draft[] {
  const { base, candidate, isPaired } = sets
  const before = bracketsOf(parameter, base)
  const after = bracketsOf(parameter, candidate)
  if (before.length === 0 || after.length === 0) return []
  const named = { parameter: parameter.name, ...textsOf(parameter, before, after) }
  const isExact = [...base, ...candidate].some((one) => one !== null && parameter.isExact(one))
  const [a, b] = [agreed(before, isExact), agreed(after, isExact)]
  const judging = {
    worse: parameter.worse,
    margin: sets.thresholds.margin,
    n: base.length,
    whyWide: 'requests in flight leave it open',
  }
  if (a !== null && b !== null) return [{ ...named, known: bracketChange(a, b, judging) }]
  const isWhole = before.length === base.length && after.length === candidate.length
  const known = testChange({
    base: before.map(middleOf),
    candidate: after.map(middleOf),
    isPaired: isPaired && isWhole,
    worse: parameter.worse,
  })
  return [{ ...named, known }]
}

function bracketsOf({ of }: Parameter, found: Found): Bracket[] {
  return found.map((limiter) => limiter && of(limiter)).filter((bracket) => bracket !== null)
}

function textsOf({ text }: Parameter, before: readonly Bracket[], after: readonly Bracket[]) {
  const side = (brackets: readonly Bracket[]) => {
    const low = text(median(brackets.map(([least]) => least))!)
    const high = text(median(brackets.map(([, most]) => most))!)
    return low === high ? low : `${low}–${high}`
  }
  return { baseText: side(before), candidateText: side(after) }
}
