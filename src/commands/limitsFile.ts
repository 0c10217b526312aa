// Limits that `limitscope profile` has found, read back from its file for another command to declare.

import { z } from 'zod'
import { UserError } from '../core/errors.ts'
import type { DeclaredLimiter } from '../load/plan.ts'
import { declarable } from '../profile/declare.ts'
import { profileSchema } from '../profile/document.ts'
import { readProfile } from './profileFile.ts'

/** Limiters that stand in for those of a config, and what is to be said of the others. */
export interface ReadLimits {
  readonly limiters: readonly DeclaredLimiter[]
  readonly warnings: readonly string[]
}

const amount = z.number().positive().nullable()

/** As much of a profile as limits are made of. */
const fileSchema = z.object({
  schema: z.literal(profileSchema),
  limiters: z.array(
    z.looseObject({
      id: z.string().min(1),
      algorithm: z.string(),
      unit: z.string(),
      limit: amount,
      windowMs: amount,
      burst: amount,
      refillPerS: amount,
      scope: z.array(z.string()).nullable(),
    }),
  ),
})

/** Reads the limiters of a profile; throws `UserError`. */
export function readLimits(path: string, cwd: string): ReadLimits {
  const document = readProfile(path, { cwd, what: '--limits', schema: fileSchema })
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
