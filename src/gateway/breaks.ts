// Ways to break a gateway on purpose, so that a scenario can be seen to turn red. Must not know any
// scenario.

import type { LimiterAlgorithm, NamedLimiter } from '../core/limits.ts'
import type { Manner } from './manner.ts'
import type { AnswerHead } from './openai.ts'

/** Every break with what it does. */
export const breaks = {
  'off-by-one': 'every limiter but concurrency admits one unit too many',
  'window-doubled': 'every window and refill takes twice as long',
  'order-swapped': 'limiters are asked in the opposite order',
  'quota-non-atomic': 'counters are read, and written back a moment later: updates get lost',
  'no-done': 'streams end without [DONE]',
  'premium-below-free':
    'the limits of every tier but the default one are those of the default, halved',
  'wrong-error-code': 'rejections have the status 403, and codes and types that say forbidden',
  'auth-off': 'missing and wrong credentials are let in',
  'empty-content': 'answers have no text',
  'usage-zero': 'answers say that they used no tokens',
  'cache-always-misses': 'nothing is found in the cache (llm-server)',
  'rejects-when-busy': 'nobody waits for a place in flight: those who would are rejected',
  'critic-missing': 'only the first model of a critique is asked (inference-service)',
  'team-budget-ignored': 'budgets of teams are not looked at (bifrost)',
  'both-owners-accepted': 'a virtual key may have a team and a customer (bifrost)',
  'usage-read-back-stale': 'the API shows no use (bifrost)',
} as const

export type BreakName = keyof typeof breaks

export const breakNames = Object.keys(breaks) as BreakName[]

/** The limiters of a chain with what is broken about them. */
export function brokenLimiters(
  limiters: readonly NamedLimiter[],
  names: readonly BreakName[],
): readonly NamedLimiter[] {
  const changed = names.reduce<readonly NamedLimiter[]>((all, name) => {
    const change = changes[name]
    return change === undefined ? all : all.map((limiter) => withAlgorithm(limiter, change))
  }, limiters)
  return names.includes('order-swapped') ? changed.toReversed() : changed
}

type Change = (algorithm: LimiterAlgorithm) => LimiterAlgorithm

const changes: Partial<Record<BreakName, Change>> = {
  'off-by-one': (algorithm) => {
    if (algorithm.kind === 'concurrency') return algorithm
    if ('limit' in algorithm) return { ...algorithm, limit: algorithm.limit + 1 }
    return { ...algorithm, capacity: algorithm.capacity + 1 }
  },
  'rejects-when-busy': (algorithm) =>
    algorithm.kind === 'concurrency' ? { ...algorithm, queue: 0 } : algorithm,
  'window-doubled': (algorithm) => {
    if ('refillUs' in algorithm) return { ...algorithm, refillUs: 2 * algorithm.refillUs }
    if (!('windowUs' in algorithm) || algorithm.windowUs === null) return algorithm
    return { ...algorithm, windowUs: 2 * algorithm.windowUs }
  },
}

function withAlgorithm({ name, model }: NamedLimiter, change: Change): NamedLimiter {
  return { name, model: { ...model, algorithm: change(model.algorithm) } }
}

/** Tiers of which all but the default are worse than it. */
export function tiersBelowDefault(
  tiers: Readonly<Record<string, readonly NamedLimiter[]>>,
  defaultTier: string,
): Readonly<Record<string, readonly NamedLimiter[]>> {
  const halved = (tiers[defaultTier] ?? []).map((limiter) => withAlgorithm(limiter, half))
  return Object.fromEntries(
    Object.entries(tiers).map(([name, own]) => [name, name === defaultTier ? own : halved]),
  )
}

const half: Change = (algorithm) =>
  'limit' in algorithm
    ? { ...algorithm, limit: Math.floor(algorithm.limit / 2) }
    : { ...algorithm, capacity: Math.floor(algorithm.capacity / 2) }

/** What a system answers, with what is broken about it. */
export function brokenManner(manner: Manner, names: readonly BreakName[]): Manner {
  return names.reduce((before, name) => mannerChanges[name]?.(before) ?? before, manner)
}

const mannerChanges: Partial<Record<BreakName, (manner: Manner) => Manner>> = {
  'wrong-error-code': (manner) => ({
    ...manner,
    rejected: (denial) => {
      const { headers, body } = manner.rejected(denial)
      const wrong = body.replaceAll(/"(code|type)":"[^"]*"/g, '"$1":"forbidden"')
      return { status: 403, headers, body: wrong }
    },
  }),
  'no-done': (manner) => ({
    ...manner,
    events: (head) => {
      const events = manner.events(head)
      return { ...events, closing: () => events.closing(false) }
    },
  }),
  'empty-content': (manner) => ({
    ...manner,
    body: (head) => manner.body(wordless(head)),
    events: (head) => manner.events(wordless(head)),
  }),
  'usage-zero': (manner) => ({
    ...manner,
    body: (head) => manner.body(head).replaceAll(/(_tokens":)\d+/g, '$10'),
  }),
}

function wordless(head: AnswerHead): AnswerHead {
  return { ...head, ask: { ...head.ask, text: '' } }
}
