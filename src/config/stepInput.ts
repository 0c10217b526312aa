// Steps as users write them: one HTTP exchange each, with what is expected of its answer and what is
// kept of it.

import { z } from 'zod'
import { messageOf } from '../core/errors.ts'
import { outcomes } from '../core/record.ts'
import { parseDurationUs } from '../core/units.ts'
import { isPointer } from '../dialects/pointer.ts'
import {
  type Capture,
  type Place,
  type Probe,
  type Scalar,
  type Step,
  type StepCheck,
  streamParts,
  type Test,
  type TestName,
  testNames,
} from '../load/steps.ts'
import { patternOf } from '../load/stepTests.ts'
import {
  countOrZero,
  type DeepReadonly,
  flag,
  headers,
  list,
  name,
  object,
  span,
  text,
} from './fields.ts'
import { laneSchema } from './laneInput.ts'
import { nameOf } from './names.ts'

const pointerExpected = "expected a JSON pointer like '/data/0/id'"
const pointer = z.string({ error: pointerExpected }).refine(isPointer, { error: pointerExpected })

const scalarExpected = 'expected text, a number, true, false or null'
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: scalarExpected })

const bound = z
  .union([z.number(), z.string()], { error: 'expected a number, a duration or a variable' })
  .describe("A number, '{{variable}}', or for times a duration: '30s'.")

const patternExpected = 'expected a regular expression'
const pattern = z.string({ error: patternExpected }).superRefine((value, context) => {
  try {
    patternOf(value)
  } catch (error) {
    const reason = messageOf(error).replace(/^.*: /s, '')
    context.addIssue({ code: 'custom', message: `${patternExpected} that parses; ${reason}` })
  }
})

const tests = {
  equals: scalar.optional(),
  oneOf: list('at least one value', scalar).optional(),
  not: scalar.optional(),
  above: bound.optional(),
  atLeast: bound.optional(),
  below: bound.optional(),
  atMost: bound.optional(),
  contains: text('a text to look for').optional().describe('Whatever the case of letters.'),
  matches: pattern.optional().describe("Regular expression, bare or as '/…/i'."),
  exists: flag.optional(),
  jwt: flag.optional().describe('Whether it has the shape of a JSON Web Token.'),
  lengthAtLeast: countOrZero.optional().describe('Letters of a text, entries of a list.'),
} as const satisfies Record<TestName, z.ZodType>

const places = {
  header: text('a header name').optional(),
  json: pointer.optional().describe("JSON pointer into the body; '' is the whole document."),
  where: z
    .record(z.string(), scalar, { error: 'expected values by key' })
    .optional()
    .describe('Of the list at `json`: the first entry with these values.'),
  take: pointer.optional().describe('JSON pointer into that entry.'),
  body: z.literal(true, { error: 'expected true' }).optional(),
  time: z
    .literal(true, { error: 'expected true' })
    .optional()
    .describe('How long the answer took.'),
  stream: z.enum(streamParts).optional().describe('A part of a stream of events.'),
  metric: text('the name of a metric').optional().describe('Of a Prometheus exposition.'),
  labels: z
    .record(z.string(), z.string(), { error: 'expected label values by name' })
    .optional()
    .describe('Labels of the metric; the samples that have them are summed up.'),
}

const statusExpected = 'expected a status, or a list of them'
const status = z.union([z.int(), list('at least one status', z.int())], { error: statusExpected })

/** Places whose value is at once what is expected there. */
const direct = {
  status: status.optional(),
  outcome: z.enum(outcomes).optional().describe('How we classify the answer.'),
  limiter: name.optional().describe('Which limiter a rejection is put down to.'),
}

const placeKeys = ['header', 'json', 'body', 'time', 'stream', 'metric'] as const
const directKeys = ['status', 'outcome', 'limiter'] as const

export const checkSchema = object('a check', {
  ...direct,
  ...places,
  ...tests,
  actual: object('what it is known to be', {
    ...tests,
    status: status.optional(),
    note: text('a sentence'),
  })
    .optional()
    .describe('What the system is known to answer instead of what its document says, and why.'),
}).superRefine((check, context) => {
  const at = [...placeKeys, ...directKeys].filter((key) => check[key] !== undefined)
  if (at.length !== 1) {
    const message = `expected one place to look at: ${[...directKeys, ...placeKeys].join(', ')}`
    context.addIssue({ code: 'custom', message, params: { got: at.join(' and ') || 'none' } })
  } else if (isPlaceKey(at[0]!) && testNames.every((test) => check[test] === undefined)) {
    const message = `expected something that must hold: ${testNames.join(', ')}`
    context.addIssue({ code: 'custom', message, params: { got: 'nothing' } })
  }
})

const captureExpected = "expected where the value is: '/json/pointer', 'header:NAME' or a place"
const placeOnly = object('a place', {
  ...places,
  secret: flag.optional().describe('Never shown or written; default false.'),
}).superRefine((place, context) => {
  const at = placeKeys.filter((key) => place[key] !== undefined)
  if (at.length === 1) return
  const message = `expected one place to look at: ${placeKeys.join(', ')}`
  context.addIssue({ code: 'custom', message, params: { got: at.join(' and ') || 'none' } })
})

const captureSchema = z.union(
  [z.string().regex(/^(\/|header:.)/, { error: captureExpected }), placeOnly],
  { error: captureExpected },
)

const pathExpected = "expected a path like '/v1/chat/completions', a URL, or '{{variable}}…'"
export const templatePath = z
  .string({ error: pathExpected })
  .regex(/^(\/|https?:\/\/|\{\{)[\x21-\x7e]*$/, { error: pathExpected })
  .describe("Path and query, put after the target's; or a whole URL; {{variables}} are filled in.")

const methodExpected = "expected an HTTP method like 'GET'"

export const stepSchema = object('a step', {
  name: name.describe('What the step goes by in files and on screen.'),
  path: templatePath,
  method: z
    .string({ error: methodExpected })
    .regex(/^[A-Za-z]{1,20}$/, { error: methodExpected })
    .optional()
    .describe("Default 'GET', or 'POST' with a body."),
  lane: z
    .union([name, laneSchema], { error: 'expected a lane, or the name of one' })
    .optional()
    .describe('Whose credential it carries; default none.'),
  headers: headers.optional(),
  body: z
    .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())], {
      error: 'expected text or JSON',
    })
    .optional()
    .describe('Text, or JSON; {{variables}} are filled in.'),
  timeout: span.optional().describe("Default '30s'."),
  status: status.optional().describe('Statuses that are expected; without any check: below 400.'),
  check: list('at least one check', checkSchema).optional().describe('What must hold.'),
  capture: z
    .record(name, captureSchema, { error: 'expected places by name' })
    .optional()
    .describe('What is kept of the answer, for {{name}} in what comes later.'),
  eventually: object('a patience', { within: span, every: span.optional() })
    .optional()
    .describe("Ask again until the checks hold: { within: '600s', every: '5s' }."),
  isolate: z
    .enum(['none', 'window'])
    .optional()
    .describe("'window': first wait until every declared limiter of its lane is as new."),
  cost: object('a cost', {
    promptTokens: countOrZero.optional(),
    outputTokens: countOrZero.optional(),
  })
    .optional()
    .describe('What the limiters of its lane count for it; default: they do not see it.'),
  remedy: text('a sentence').optional().describe('What to do when it fails.'),
})

export const probeSchema = object('a probe', {
  step: stepSchema,
  every: span.optional().describe("Default '1s'."),
})

export const needSchema = z.union(
  [
    object('a need', {
      env: text('the name of an environment variable'),
      always: flag
        .optional()
        .describe('On the embedded gateway, too; default false: it needs no variables.'),
      on: list('at least one target profile', name)
        .optional()
        .describe('Only with these target profiles, embedded ones included.'),
      remedy: text('a sentence').optional(),
    }),
    object('a need', { step: stepSchema }),
  ],
  { error: 'expected a variable or a step that the scenario needs' },
)

export type StepInput = DeepReadonly<z.input<typeof stepSchema>>
export type CheckInput = DeepReadonly<z.input<typeof checkSchema>>
export type CaptureInput = DeepReadonly<z.input<typeof captureSchema>>
export type ProbeInput = DeepReadonly<z.input<typeof probeSchema>>
export type NeedInput = DeepReadonly<z.input<typeof needSchema>>

type TestsInput = Pick<CheckInput, TestName>
type PlaceInput = Pick<CheckInput, keyof typeof places>

const timeoutUsDefault = 30_000_000
const everyUsDefault = 1_000_000

/** The step of a plan. */
export function stepOf(input: StepInput): Step {
  const { body, check = [], status } = input
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const { eventually, cost } = input
  return {
    name: input.name,
    method: (input.method ?? (text === undefined ? 'GET' : 'POST')).toUpperCase(),
    path: input.path,
    lane: input.lane === undefined ? null : nameOf(input.lane),
    headers: { ...jsonType(input), ...input.headers },
    body: text ?? null,
    timeoutUs: input.timeout === undefined ? timeoutUsDefault : parseDurationUs(input.timeout),
    checks: [...(status === undefined ? [] : [{ status }]), ...check].map(checkOf),
    captures: Object.entries(input.capture ?? {}).map(captureOf),
    eventually:
      eventually === undefined
        ? null
        : {
            withinUs: parseDurationUs(eventually.within),
            everyUs:
              eventually.every === undefined ? everyUsDefault : parseDurationUs(eventually.every),
          },
    cost:
      cost === undefined
        ? null
        : {
            promptTokens: cost.promptTokens ?? 0,
            completionTokens: cost.outputTokens ?? 0,
            usd: 0,
          },
    isolate: input.isolate ?? 'none',
    remedy: input.remedy ?? '',
  }
}

export function probeOf({ step, every }: ProbeInput): Probe {
  return {
    step: stepOf(step),
    everyUs: every === undefined ? everyUsDefault : parseDurationUs(every),
  }
}

/** All steps that scenarios, phases and their parts are written with, with their paths in there. */
export function stepInputs(part: {
  readonly needs?: readonly NeedInput[] | undefined
  readonly setup?: readonly StepInput[] | undefined
  readonly before?: readonly StepInput[] | undefined
  readonly probes?: readonly ProbeInput[] | undefined
  readonly steps?: readonly StepInput[] | undefined
  readonly teardown?: readonly StepInput[] | undefined
}): { readonly step: StepInput; readonly path: readonly (string | number)[] }[] {
  const { needs = [], probes = [] } = part
  const plain = (['setup', 'before', 'steps', 'teardown'] as const).flatMap((key) =>
    (part[key] ?? []).map((step, i) => ({ step, path: [key, i] })),
  )
  return [
    ...needs.flatMap((need, i) =>
      'step' in need ? [{ step: need.step, path: ['needs', i, 'step'] }] : [],
    ),
    ...probes.map(({ step }, i) => ({ step, path: ['probes', i, 'step'] })),
    ...plain,
  ]
}

function isPlaceKey(key: string): boolean {
  return (placeKeys as readonly string[]).includes(key)
}

function checkOf(input: CheckInput): StepCheck {
  const place = placeOf(input)
  const known = input.actual
  return {
    place,
    tests: testsOf(input, place),
    actual: known === undefined ? null : { tests: testsOf(known, place), note: known.note },
  }
}

function placeOf(input: CheckInput): Place {
  if (input.status !== undefined) return { kind: 'status' }
  if (input.outcome !== undefined) return { kind: 'outcome' }
  if (input.limiter !== undefined) return { kind: 'limiter' }
  return plainPlaceOf(input)
}

function plainPlaceOf(input: PlaceInput): Place {
  const { header, json, where = null, take = '', stream, metric, labels = {} } = input
  if (header !== undefined) return { kind: 'header', name: header.toLowerCase() }
  if (json !== undefined) return { kind: 'json', pointer: json, where, take }
  if (stream !== undefined) return { kind: 'stream', part: stream }
  if (metric !== undefined) return { kind: 'metric', name: metric, labels }
  return { kind: input.time === true ? 'time' : 'body' }
}

function testsOf(
  input: TestsInput & Partial<Pick<CheckInput, keyof typeof direct>>,
  place: Place,
): Test[] {
  const wanted = directKeys.flatMap((key): Test[] => {
    const value = input[key]
    if (value === undefined) return []
    return [
      Array.isArray(value) ? { is: 'oneOf', value } : { is: 'equals', value: value as Scalar },
    ]
  })
  const others = testNames.flatMap((is): Test[] => {
    const value = input[is]
    return value === undefined ? [] : [{ is, value: boundOf(value as Test['value'], place) }]
  })
  return [...wanted, ...others]
}

/** Durations at places that are times. */
function boundOf(value: Test['value'], place: Place): Test['value'] {
  const isTime = place.kind === 'time' || (place.kind === 'stream' && place.part === 'firstToken')
  return isTime && typeof value === 'string' && /^\d/.test(value) ? parseDurationUs(value) : value
}

function captureOf([name, input]: [string, CaptureInput]): Capture {
  if (typeof input !== 'string') {
    return { name, place: plainPlaceOf(input), isSecret: input.secret === true }
  }
  const header = input.startsWith('header:') ? { header: input.slice('header:'.length) } : null
  return { name, place: plainPlaceOf(header ?? { json: input }), isSecret: false }
}

function jsonType({ body }: StepInput): Record<string, string> {
  return typeof body === 'object' ? { 'content-type': 'application/json' } : {}
}
