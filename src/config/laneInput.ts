// Lanes as users write them: who sends, and where the credential comes from.

import { z } from 'zod'
import type { CredentialSource, Lane } from '../load/lanes.ts'
import { type DeepReadonly, headers, name, object, text } from './fields.ts'
import { soleVariable } from './interpolate.ts'

const credentialExpected = `expected where the credential comes from; write env('NAME'), file('path') or command('…') (in YAML \${env:NAME}), never the credential itself`

const sourceSchema = z.discriminatedUnion(
  'from',
  [
    object('a credential source', {
      from: z.literal('env'),
      name: text('the name of an environment variable').regex(/^[A-Za-z_]\w*$/, {
        error: 'expected the name of an environment variable',
      }),
      fallback: text('a credential to fall back to')
        .refine((value) => soleVariable(value) === null, {
          error: 'expected a fallback that is no variable; it is written into the plan',
        })
        .optional()
        .describe('For gateways that take any key: it is no secret.'),
    }),
    object('a credential source', {
      from: z.literal('file'),
      path: text('the path of a file').describe('Relative to the working directory.'),
    }),
    object('a credential source', {
      from: z.literal('command'),
      command: text('a shell command').describe('Its standard output is the credential.'),
    }),
    object('a credential source', {
      from: z.literal('capture'),
      name: name.describe('The name under which a step of the scenario captures it.'),
    }),
  ],
  { error: credentialExpected },
)

export const credentialSchema = z.union(
  [
    z
      .string()
      .refine((value) => soleVariable(value) !== null, { error: credentialExpected })
      .describe(`'\${env:NAME}' or '\${env:NAME:-fallback}'`),
    sourceSchema,
  ],
  { error: credentialExpected },
)

const headerName = text('a header name').regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, {
  error: 'expected a header name',
})

export const laneSchema = object('a lane', {
  name: name.describe('What the lane goes by in files and on screen.'),
  bearer: credentialSchema.optional().describe("Sent as 'authorization: Bearer …'."),
  apiKey: credentialSchema.optional().describe("Sent as 'x-api-key: …'."),
  credential: credentialSchema.optional().describe("Sent as it is in 'header'."),
  header: headerName.optional().describe('The header that carries the credential.'),
  prefix: z
    .string({ error: 'expected text' })
    .regex(/^[\t\x20-\x7e]*$/, { error: 'expected one line of ASCII text' })
    .optional()
    .describe("Text before the credential; 'Bearer ' for bearer, else nothing."),
  tier: name.optional().describe("Class of service at the target; default: the lane's name."),
  embeddedKey: text('a key')
    .optional()
    .describe('What the embedded gateway is sent instead; it is no secret.'),
  headers: headers.optional(),
}).superRefine((lane, context) => {
  const [, ...others] = credentialKeys.filter((key) => lane[key] !== undefined)
  for (const key of others) {
    context.addIssue({
      code: 'custom',
      path: [key],
      message: `expected one credential per lane; remove all but one of ${credentialKeys.join(', ')}`,
    })
  }
})

const credentialKeys = ['bearer', 'apiKey', 'credential'] as const

export type LaneInput = DeepReadonly<z.input<typeof laneSchema>>
export type CredentialInput = DeepReadonly<z.input<typeof credentialSchema>>

/** The lane of a plan. */
export function laneOf(input: LaneInput): Lane {
  const { name, bearer, apiKey, credential, tier = name, headers = {} } = input
  return {
    name,
    credential: sourceOf(bearer ?? apiKey ?? credential),
    header: (input.header ?? (apiKey === undefined ? 'authorization' : 'x-api-key')).toLowerCase(),
    prefix: input.prefix ?? (bearer === undefined ? '' : 'Bearer '),
    tier,
    ...(input.embeddedKey === undefined ? {} : { embeddedKey: input.embeddedKey }),
    headers,
  }
}

function sourceOf(input: CredentialInput | undefined): CredentialSource {
  if (input === undefined) return { from: 'none' }
  if (typeof input === 'string') return { from: 'env', ...soleVariable(input)! }
  if (input.from !== 'env') return input
  const { from, name, fallback } = input
  return fallback === undefined ? { from, name } : { from, name, fallback }
}
