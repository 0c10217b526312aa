// Limiters that only show in parallel, as models that a later run can declare.

import type { NamedLimiter } from '../core/limits.ts'
import type { ProfiledLimiter } from '../core/profileDocument.ts'
import { concurrency, limiter } from '../limiters/models.ts'

/** The model; null where a parameter is not known. */
export function togetherModel({
  id,
  algorithm,
  limit,
  burst,
  refillPerS,
}: ProfiledLimiter): NamedLimiter | null {
  if (algorithm === 'concurrency' && limit !== null) {
    return { name: id, model: limiter(concurrency(limit)) }
  }
  if (algorithm !== 'leaky-queue' || burst === null || refillPerS === null) return null
  const refillUs = Math.round(1e6 / refillPerS)
  return {
    name: id,
    model: limiter({ kind: 'leaky-queue', capacity: burst, refillUnits: 1, refillUs }),
  }
}
