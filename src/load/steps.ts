// Steps: one HTTP exchange each, with what is expected of its answer and what is kept of it. Setup,
// teardown, preconditions, read-backs and background probes are lists of them. Data only.

import type { RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'

/** A value that texts can hold and JSON has. */
export type Scalar = string | number | boolean | null

/** What of an answer is looked at. */
export type Place =
  | { readonly kind: 'status' }
  /** From the sending of the request to the end of its answer, in µs. */
  | { readonly kind: 'time' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'body' }
  /** Of a list, with `where`: the first entry that has those values; `take` points into it. */
  | {
      readonly kind: 'json'
      readonly pointer: string
      readonly where: Readonly<Record<string, Scalar>> | null
      readonly take: string
    }
  | { readonly kind: 'stream'; readonly part: StreamPart }
  /** Sum of the samples of a Prometheus metric that have these labels. */
  | {
      readonly kind: 'metric'
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
    }
  /** How we classify the answer, and the limiter that a rejection is put down to. */
  | { readonly kind: 'outcome' }
  | { readonly kind: 'limiter' }

/**
 * `text`: the content of all events; `events`: how many there are; `badEvents`: those whose data is
 * neither JSON nor [DONE]; `last`: the data of the last event; `end`: the last bytes; `errors`: events
 * that carry an error; `firstToken`: µs from the sending to the first token.
 */
export const streamParts = [
  'text',
  'events',
  'badEvents',
  'last',
  'end',
  'errors',
  'firstToken',
] as const
export type StreamPart = (typeof streamParts)[number]

export const testNames = [
  'equals',
  'oneOf',
  'not',
  'above',
  'atLeast',
  'below',
  'atMost',
  'contains',
  'matches',
  'exists',
  'jwt',
  'lengthAtLeast',
] as const
export type TestName = (typeof testNames)[number]

/** What has to hold for the value at a place. Texts may have `{{variables}}`. */
export interface Test {
  readonly is: TestName
  readonly value: Scalar | readonly Scalar[]
}

export interface StepCheck {
  readonly place: Place
  /** All of them have to hold. */
  readonly tests: readonly Test[]
  /** What the system is known to answer instead of what its document says; null: nothing. */
  readonly actual: { readonly tests: readonly Test[]; readonly note: string } | null
}

/** Keeps the value at a place under a name, for `{{name}}` in what comes later. */
export interface Capture {
  readonly name: string
  readonly place: Place
  /** Never shown or written. */
  readonly isSecret: boolean
}

export interface Step {
  readonly name: string
  readonly method: string
  /** Path and query on the target, or a whole URL; may have `{{variables}}`, like headers and body. */
  readonly path: string
  /** Whose credential it carries; null: none. */
  readonly lane: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly timeoutUs: Micros
  /** A step without checks expects a status below 400. */
  readonly checks: readonly StepCheck[]
  readonly captures: readonly Capture[]
  /** Asks again until all checks hold; null: asks once. */
  readonly eventually: { readonly withinUs: Micros; readonly everyUs: Micros } | null
  /** 'window': first wait until every declared limiter of its lane is as new. */
  readonly isolate: 'none' | 'window'
  /** What the limiters of its lane count for it; null: they do not see it. */
  readonly cost: RequestCost | null
  /** What to do when it fails; '' for nothing to say. */
  readonly remedy: string
}

/** A step that is done over and over while phases run. */
export interface Probe {
  readonly step: Step
  readonly everyUs: Micros
}

/** Names between double braces that shapes fill in by themselves. */
export const builtInVariables = ['prompt', 'seq', 'model', 'run'] as const

export type Variables = ReadonlyMap<string, Scalar>

const placeholder = /\{\{\s*([\w.-]+)\s*\}\}/g

/** The text with its `{{variables}}` filled in; those that are not known stay as they are. */
export function filled(text: string, variables: Variables): string {
  return text.replace(placeholder, (all, name: string) => {
    const value = variables.get(name)
    return value === undefined ? all : String(value)
  })
}

/** Data of any depth with the variables in all of its texts filled in. */
export function filledData<T>(data: T, variables: Variables): T {
  if (typeof data === 'string') return filled(data, variables) as T
  if (Array.isArray(data)) return data.map((item) => filledData(item, variables)) as T
  if (typeof data !== 'object' || data === null) return data
  const entries = Object.entries(data).map(([key, item]) => [key, filledData(item, variables)])
  return Object.fromEntries(entries) as T
}

/**
 * A body with its variables filled in. In JSON, values are escaped, and a text that is nothing but a
 * variable becomes its value, numbers included.
 */
export function filledBody(body: string, variables: Variables): string {
  if (!variablesIn(body).some((name) => variables.has(name))) return body
  const json = /^\s*[[{]/.test(body) ? parsedJson(body) : undefined
  return json === undefined ? filled(body, variables) : JSON.stringify(filledJson(json, variables))
}

function filledJson(json: unknown, variables: Variables): unknown {
  if (Array.isArray(json)) return json.map((item) => filledJson(item, variables))
  if (typeof json === 'object' && json !== null) {
    const entries = Object.entries(json).map(([key, item]) => [key, filledJson(item, variables)])
    return Object.fromEntries(entries)
  }
  if (typeof json !== 'string') return json
  const [, only] = /^\{\{\s*([\w.-]+)\s*\}\}$/.exec(json) ?? []
  return only !== undefined && variables.has(only) ? variables.get(only) : filled(json, variables)
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Names of the variables in the texts of some data. */
export function variablesIn(data: unknown): string[] {
  if (typeof data === 'string') return [...data.matchAll(placeholder)].map(([, name]) => name!)
  if (typeof data !== 'object' || data === null) return []
  return [...new Set(Object.values(data).flatMap(variablesIn))]
}
