// Limits that contradict each other: declared together, some of them can never say no.

import { limitOf, type NamedLimiter, windowUsOf } from '../core/limits.ts'
import { describeLimiter } from '../limiters/models.ts'

/** A sentence for every limiter that another one of its chain makes pointless. */
export function contradictions(limiters: readonly NamedLimiter[]): string[] {
  return limiters.flatMap((limiter, i) => {
    const tighter = limiters.find((other, j) => j !== i && isTighter(other, limiter))
    if (tighter === undefined) return []
    return [
      `${describeLimiter(limiter)} can never say no: ${describeLimiter(tighter)} always says it before; check these limits`,
    ]
  })
}

/** Whether `one` allows no more than `other` does, over at least as long a time. */
function isTighter(one: NamedLimiter, other: NamedLimiter): boolean {
  const [a, b] = [one.model, other.model]
  if (a.unit !== b.unit || a.charge !== b.charge) return false
  // A counter that more requests share fills earlier.
  if (!a.scope.every((field) => b.scope.includes(field))) return false
  const [limitA, limitB] = [limitOf(a.algorithm), limitOf(b.algorithm)]
  const [windowA, windowB] = [windowUsOf(a.algorithm), windowUsOf(b.algorithm)]
  if (limitA > limitB) return false
  if (a.algorithm.kind === 'concurrency') return limitA < limitB
  const isLonger = windowA === null || (windowB !== null && windowA >= windowB)
  const isSame = limitA === limitB && windowA === windowB
  return isLonger && !isSame && isWindow(one) && isWindow(other)
}

/** Windows that forget all at once, or one by one: a bucket gives back meanwhile. */
function isWindow({ model: { algorithm } }: NamedLimiter): boolean {
  return ['fixed-window', 'sliding-log', 'budget'].includes(algorithm.kind)
}
