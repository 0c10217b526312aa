// The file of a profile, read back for another command.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { messageOf, UserError } from '../core/errors.ts'
import { type ProfileDocument, profileSchema } from '../core/profileDocument.ts'

const amount = z.number().positive().nullable()

/** As much of a limiter as limits are made of. */
export const fileLimiter = z.looseObject({
  id: z.string().min(1),
  algorithm: z.string(),
  unit: z.string(),
  limit: amount,
  windowMs: amount,
  burst: amount,
  refillPerS: amount,
  scope: z.array(z.string()).nullable(),
})

/** A profile of which the limiters are wanted. */
export const profileFile = z.looseObject({
  schema: z.literal(profileSchema),
  limiters: z.array(fileLimiter),
})

export interface ProfileFileOptions {
  readonly cwd: string
  /** What asks for it: '--limits'. */
  readonly what: string
  /** As much of it as is needed. */
  readonly schema: typeof profileFile
}

/** Throws `UserError` for a file that is none, or lacks what is needed. */
export function readProfile(
  path: string,
  { cwd, what, schema }: ProfileFileOptions,
): ProfileDocument {
  const expected = `${what}: expected the file of a profile (limitscope profile URL --save ${path})`
  let json: unknown
  try {
    json = JSON.parse(readFileSync(resolve(cwd, path), 'utf8'))
  } catch (error) {
    throw new UserError('usage', `${expected}: ${messageOf(error)}`, { cause: error })
  }
  const { error } = schema.safeParse(json)
  if (error === undefined) return json as ProfileDocument
  const [issue] = error.issues
  const where = issue!.path.join('.')
  throw new UserError('usage', `${expected}, found something else: ${where}: ${issue!.message}`)
}
