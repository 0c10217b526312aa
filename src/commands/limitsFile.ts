// Limits that `limitscope profile` has found, read back from its file for another command to declare.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { messageOf, UserError } from '../core/errors.ts'
import type { DeclaredLimiter } from '../load/plan.ts'
import { declarable } from '../profile/declare.ts'
import { type ProfileDocument, profileSchema } from '../profile/document.ts'

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
  const document = parsed(path, resolve(cwd, path))
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

function parsed(path: string, absolute: string): ProfileDocument {
  const expected = `--limits: expected the file of a profile (limitscope profile URL --save ${path})`
  let json: unknown
  try {
    json = JSON.parse(readFileSync(absolute, 'utf8'))
  } catch (error) {
    throw new UserError('usage', `${expected}: ${messageOf(error)}`, { cause: error })
  }
  const { error } = fileSchema.safeParse(json)
  if (error === undefined) return json as ProfileDocument
  const [issue] = error.issues
  const where = issue!.path.join('.')
  throw new UserError('usage', `${expected}, found something else: ${where}: ${issue!.message}`)
}
