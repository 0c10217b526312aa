// Limits that `limitscope profile` has found, read back from its file for another command to declare.

import { UserError } from '../core/errors.ts'
import type { DeclaredLimiter } from '../load/plan.ts'
import { declarable } from '../profile/declare.ts'
import { profileFile, readProfile } from './profileFile.ts'

/** Limiters that stand in for those of a config, and what is to be said of the others. */
export interface ReadLimits {
  readonly limiters: readonly DeclaredLimiter[]
  readonly warnings: readonly string[]
}

/** Reads the limiters of a profile; throws `UserError`. */
export function readLimits(path: string, cwd: string): ReadLimits {
  const document = readProfile(path, { cwd, what: '--limits', schema: profileFile })
  const { limiters, left } = declarable(document.limiters)
  if (limiters.length === 0) {
    const message = `--limits: expected at least one limiter in '${path}', found none that is known well enough; profile again with more --max-requests or --max-duration`
    throw new UserError('usage', message)
  }
  return {
    limiters: limiters.map((limiter) => ({ tier: null, ...limiter })),
    warnings: left.map((why) => `--limits: ${why}; it is left out`),
  }
}
