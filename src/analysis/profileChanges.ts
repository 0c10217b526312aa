// What changed about limiters between two profiles: every parameter with what the observations left
// possible.

import { formatInteger, formatRate, formatSpan } from '../core/format.ts'
import type { ProfileDocument, ProfiledLimiter } from '../core/profileDocument.ts'
import { type Bracket, bracketChange, exactChange } from './brackets.ts'
import { worstOf } from './compare.ts'
import { type Change, type Comparison, comparisonSchema, type LimiterChange } from './comparison.ts'
import { defaultThresholds, type Thresholds } from './shifts.ts'

/** A profile, and what it goes by: the name of its file. */
export type ComparedProfile = Pick<
  ProfileDocument,
  'target' | 'conclusion' | 'reasons' | 'limiters'
> & { readonly name: string }

/** Compares the limiters that two profiles found. */
export function compareProfiles(
  base: ComparedProfile,
  candidate: ComparedProfile,
  { margin }: Thresholds = defaultThresholds,
): Comparison {
  const limiters = matched(base.limiters, candidate.limiters).flatMap((pair) =>
    changesOf(pair, { base, candidate }, margin),
  )
  const isNone = base.conclusion === 'none' && candidate.conclusion === 'none'
  return {
    schema: comparisonSchema,
    verdict: isNone ? 'EQUIVALENT' : worstOf(limiters),
    base: { runIds: [base.name], dropped: [] },
    candidate: { runIds: [candidate.name], dropped: [] },
    isPaired: false,
    notes: [...targetNotes(base, candidate), ...[base, candidate].flatMap(openNotes)],
    tests: 0,
    metrics: [],
    limiters,
  }
}

function targetNotes(base: ComparedProfile, candidate: ComparedProfile): string[] {
  return base.target === candidate.target ? [] : [`target: ${base.target} and ${candidate.target}`]
}

function openNotes({ name, conclusion, reasons }: ComparedProfile): string[] {
  if (conclusion === 'none') return [`${name}: no limiter was met`]
  return conclusion === 'undetermined' ? reasons.map((reason) => `${name}: ${reason}`) : []
}

/** The two sides of one limiter. */
interface LimiterPair {
  readonly before: ProfiledLimiter | null
  readonly after: ProfiledLimiter | null
}

/** By name; those that are left by their unit, where that is without a doubt. */
function matched(
  base: readonly ProfiledLimiter[],
  candidate: readonly ProfiledLimiter[],
): LimiterPair[] {
  const named = base.map((before) => ({
    before,
    after: candidate.find(({ id }) => id === before.id) ?? null,
  }))
  const gone = named.filter(({ after }) => after === null).map(({ before }) => before)
  const come = candidate.filter(({ id }) => !base.some((before) => before.id === id))
  const renamed = gone.flatMap((before) => {
    const isSame = ({ unit }: ProfiledLimiter) => unit === before.unit
    const [after, more] = come.filter(isSame)
    return after === undefined || more !== undefined || gone.filter(isSame).length > 1
      ? []
      : [{ before, after }]
  })
  const isRenamed = (one: ProfiledLimiter) =>
    renamed.some(({ before, after }) => before === one || after === one)
  return [
    ...named.filter(({ before, after }) => after !== null || !isRenamed(before)),
    ...renamed,
    ...come.filter((after) => !isRenamed(after)).map((after) => ({ before: null, after })),
  ]
}

interface Draft {
  readonly parameter: string
  readonly baseText: string
  readonly candidateText: string
  readonly change: Change
}

function changesOf(
  { before, after }: LimiterPair,
  profiles: { readonly base: ComparedProfile; readonly candidate: ComparedProfile },
  margin: number,
): LimiterChange[] {
  const limiter = (before ?? after)!.id
  const drafts =
    before === null || after === null
      ? [presence(before, profiles)]
      : [
          ...amounts.flatMap((amount) => amountChange(amount, { before, after }, margin)),
          ...properties.flatMap((property) => propertyChange(property, { before, after })),
        ].map((draft) => doubted(draft, [before, after]))
  return drafts.map(({ change, ...texts }) => {
    return { scenario: '', lane: '', limiter, ...texts, ...change }
  })
}

/** A limiter that only one of them found: no news from a profile that could not conclude. */
function presence(
  before: ProfiledLimiter | null,
  { base, candidate }: { readonly base: ComparedProfile; readonly candidate: ComparedProfile },
): Draft {
  const isGone = before !== null
  const other = isGone ? candidate : base
  const [baseText, candidateText] = isGone ? ['found', 'not met'] : ['not met', 'found']
  const isOpen = other.conclusion === 'undetermined'
  const change = exactChange(isGone ? 1 : 0, isGone ? 0 : 1, 1, 'REGRESSION')
  const reason = isGone ? 'it lets pass what it rejected' : 'it rejects what it let pass'
  return {
    parameter: 'limiter',
    baseText,
    candidateText,
    change: isOpen ? open(`${other.name} could not conclude`) : { ...change, reason },
  }
}

interface Amount {
  readonly name: string
  readonly key: 'limit' | 'windowMs' | 'burst' | 'refillPerS'
  readonly text: (value: number) => string
  readonly worse: 'higher' | 'lower'
}

const amounts: readonly Amount[] = [
  { name: 'limit', key: 'limit', text: formatInteger, worse: 'lower' },
  { name: 'window', key: 'windowMs', text: (ms) => formatSpan(ms * 1000), worse: 'higher' },
  { name: 'burst', key: 'burst', text: formatInteger, worse: 'lower' },
  { name: 'refill', key: 'refillPerS', text: formatRate, worse: 'lower' },
]

type Both = { readonly before: ProfiledLimiter; readonly after: ProfiledLimiter }

function amountChange(
  { name, key, text, worse }: Amount,
  { before, after }: Both,
  margin: number,
): Draft[] {
  const [a, b] = [bracketOf(before, key), bracketOf(after, key)]
  if (a === null || b === null) return []
  const side = ([low, high]: Bracket) =>
    text(low) === text(high) ? text(low) : `${text(low)}–${text(high)}`
  const whyWide = 'the observations leave it open'
  const change = bracketChange(a, b, { worse, margin, n: 1, whyWide })
  return [{ parameter: name, baseText: side(a), candidateText: side(b), change }]
}

function bracketOf(limiter: ProfiledLimiter, key: Amount['key']): Bracket | null {
  const value = limiter[key]
  return limiter.intervals[key] ?? (value === null ? null : [value, value])
}

interface Property {
  readonly name: string
  readonly of: (limiter: ProfiledLimiter) => string | null
  /** The value that is the worse of two; without it no way is better: somebody has to look. */
  readonly worse?: string
}

const properties: readonly Property[] = [
  { name: 'algorithm', of: ({ algorithm }) => algorithm },
  { name: 'unit', of: ({ unit }) => unit },
  { name: 'anchor', of: ({ anchor }) => anchor },
  { name: 'charge', of: ({ charge }) => charge },
  {
    name: 'charges rejected',
    of: ({ chargesRejected }) => (chargesRejected === null ? null : String(chargesRejected)),
    worse: 'true',
  },
  { name: 'scope', of: ({ scope }) => scope?.toSorted().join(', ') ?? null },
  { name: 'Retry-After', of: ({ retryAfter }) => (retryAfter.present ? 'sent' : 'not sent') },
  { name: 'status', of: ({ status }) => (status === null ? null : String(status)) },
]

function propertyChange({ name, of, worse }: Property, { before, after }: Both): Draft[] {
  const [a, b] = [of(before), of(after)]
  if (a === null || b === null || a === b) return []
  const isOpen = name === 'algorithm' && mayBeSame(before, after)
  const isBetter = worse !== undefined && a === worse
  const change = isOpen
    ? open('nothing told the two apart')
    : exactChange(Number.NaN, Number.NaN, 1, isBetter ? 'IMPROVEMENT' : 'REGRESSION')
  return [{ parameter: name, baseText: a, candidateText: b, change }]
}

function mayBeSame(before: ProfiledLimiter, after: ProfiledLimiter): boolean {
  const names = [after.algorithm, ...after.equivalents]
  return [before.algorithm, ...before.equivalents].some((name) => names.includes(name))
}

/** Below this, a limiter is not known well enough to say that it has changed. */
const confidenceLeast = 0.95

function doubted(draft: Draft, limiters: readonly ProfiledLimiter[]): Draft {
  const least = Math.min(...limiters.map(({ confidence }) => confidence))
  if (least >= confidenceLeast || draft.change.verdict === 'EQUIVALENT') return draft
  return { ...draft, change: open(`the limiter is known with confidence ${least.toFixed(2)} only`) }
}

function open(reason: string): Change {
  const change = exactChange(Number.NaN, Number.NaN, 1, 'INCONCLUSIVE')
  return { ...change, p: null, falseDiscoveryRate: null, reason }
}
