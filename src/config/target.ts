// Targets as users write them: a URL, or 'gateway:NAME' for the embedded one.

import { z } from 'zod'
import { UserError } from '../core/errors.ts'
import type { Target } from '../load/plan.ts'
import { type DeepReadonly, flag, object, text } from './fields.ts'
import { mask, show, withGot } from './values.ts'

const expected = "expected an http:// or https:// URL or 'gateway:NAME'"

const targetText = z.string({ error: expected }).superRefine((value, context) => {
  const message = targetProblem(value)
  if (message !== null) context.addIssue({ code: 'custom', message })
})

export const targetSchema = z
  .union(
    [
      targetText,
      object('a target', {
        url: targetText.describe('http or https URL; a path is put before the paths of shapes.'),
        caPath: text('the path of a PEM file')
          .optional()
          .describe('PEM file of an additional certificate authority.'),
        insecure: flag
          .optional()
          .describe("Do not verify the target's certificate; default false."),
      }),
    ],
    { error: expected },
  )
  .describe("Where the load goes: an http(s) URL, or 'gateway:NAME' for the embedded gateway.")

export type TargetInput = DeepReadonly<z.input<typeof targetSchema>>

/** The target of a plan; throws `UserError`. */
export function targetOf(input: TargetInput | undefined): Target {
  const { url, caPath, insecure } = typeof input === 'object' ? input : { url: input }
  if (url === undefined) {
    const message = withGot(`${expected}; set target, or use --target`, show(url))
    throw new UserError('usage', `target: ${message}`)
  }
  const message = targetProblem(url)
  if (message !== null) {
    const got = isTelling(url) ? mask : show(url)
    throw new UserError('usage', `target: ${withGot(message, got)}`)
  }
  if (url.startsWith(gatewayPrefix)) {
    return { kind: 'gateway', preset: url.slice(gatewayPrefix.length) }
  }
  const { origin, pathname } = new URL(url)
  const tls = { caPath: caPath ?? null, verify: insecure !== true }
  return { kind: 'url', url: origin + pathname.replace(/\/+$/, ''), tls }
}

/** Whether the text of a target may hold a secret: a password, a key in the query. */
export function isTelling(target: unknown): boolean {
  return typeof target === 'string' && /\/\/.*[@?#]|:.*@/.test(target)
}

const gatewayPrefix = 'gateway:'

/** What is wrong with the text of a target, as 'expected X; hint'; null: nothing. */
function targetProblem(target: string): string | null {
  if (target.startsWith(gatewayPrefix)) {
    return /^gateway:[A-Za-z0-9][A-Za-z0-9._-]*$/.test(target) ? null : expected
  }
  const url = URL.parse(target)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const isBare = !target.includes('//') && URL.canParse(`http://${target}`)
    return isBare ? `${expected}; did you mean 'http://${target}'?` : expected
  }
  if (url.username !== '' || url.password !== '') {
    return 'expected a URL without a user and password; give the lane a credential instead'
  }
  if (url.search !== '' || url.hash !== '') {
    return 'expected a URL without a query; write it into the paths of shapes'
  }
  return null
}
