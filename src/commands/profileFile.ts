// The file of a profile, read back for another command.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ZodType } from 'zod'
import { messageOf, UserError } from '../core/errors.ts'
import type { ProfileDocument } from '../profile/document.ts'

export interface ProfileFileOptions {
  readonly cwd: string
  /** What asks for it: '--limits'. */
  readonly what: string
  /** As much of it as is needed. */
  readonly schema: ZodType
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
