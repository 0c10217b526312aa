// Whether a profile of a limiter that is known is right.

import type { ProfileDocument, ProfiledLimiter } from '../../src/core/profileDocument.ts'
import { algorithmText } from '../../src/profile/wording.ts'
import type { Truth } from './cases.ts'

/** `tie`: the true class is named among those that could not be told apart. */
export type Verdict = 'right' | 'tie' | 'wrong' | 'undetermined'

export interface Judged {
  readonly verdict: Verdict
  readonly isLimitExact: boolean
  /** Of the window, or of the refill. */
  readonly relativeError: number | null
  readonly isChargeRight: boolean | null
}

export function judge(document: ProfileDocument, truth: Truth): Judged {
  const limiter = document.limiters[0]
  if (limiter === undefined) return { ...nothing, verdict: 'undetermined' }
  const { chargesRejected } = truth
  return {
    verdict: document.conclusion === 'identified' ? classVerdict(limiter, truth) : 'undetermined',
    isLimitExact: (limiter.burst ?? limiter.limit) === truth.limit,
    relativeError: relativeError(limiter, truth),
    isChargeRight:
      chargesRejected === undefined || limiter.chargesRejected === null
        ? null
        : limiter.chargesRejected === chargesRejected,
  }
}

const nothing = { isLimitExact: false, relativeError: null, isChargeRight: null }

function classVerdict(limiter: ProfiledLimiter, { algorithm }: Truth): Verdict {
  if (limiter.algorithm === algorithm) return 'right'
  const words = algorithmText(algorithm)
  return limiter.equivalents.some((other) => other.includes(words)) ? 'tie' : 'wrong'
}

function relativeError(limiter: ProfiledLimiter, { windowMs, refillPerS }: Truth): number | null {
  const [found, real] =
    windowMs === undefined ? [limiter.refillPerS, refillPerS] : [limiter.windowMs, windowMs]
  return found === null || real === undefined ? null : Math.abs(found / real - 1)
}
