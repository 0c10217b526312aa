// `limitscope load URL`: a one-off load of one endpoint, for people who know oha, hey or autocannon.

import { readFileSync } from 'node:fs'
import {
  constant,
  defineConfig,
  defineScenario,
  forDuration,
  lane,
  poisson,
  saturate,
  shape,
  untilRequests,
} from '../config/builders.ts'
import { configFromValue } from '../config/load.ts'
import { messageOf, UserError } from '../core/errors.ts'
import type { LaneSecrets } from '../load/lanes.ts'
import type { CommandIo } from './io.ts'
import { prepare } from './prepare.ts'
import { type OutputFlags, runIdFor, runPrepared } from './run.ts'

export interface LoadFlags extends OutputFlags {
  readonly connections: number
  readonly duration?: string
  readonly count?: number
  readonly rate?: string
  readonly arrivals: 'constant' | 'poisson'
  readonly method: string
  readonly header: readonly string[]
  readonly body?: string
  readonly warmup?: string
  readonly timeout: string
  readonly maxRequests?: number
  readonly insecure?: boolean
  readonly cacert?: string
  readonly seed?: number
}

/** Headers whose values are secrets: they are sent, and never written anywhere. */
const secretHeader = /^(authorization|proxy-authorization|cookie|.*(api-?key|token|secret).*)$/i

export async function loadCommand(url: string, flags: LoadFlags, io: CommandIo): Promise<number> {
  const { base, path } = splitUrl(url)
  const { plain, secret } = splitHeaders(flags.header)
  const method = flags.method.toUpperCase()
  const body = flags.body === undefined ? '' : bodyOf(flags.body)
  const request = shape.raw('request', { method, path, headers: plain, body })
  const value = defineConfig({
    target: { url: base, caPath: flags.cacert, insecure: flags.insecure },
    scenarios: [
      defineScenario('load', {
        title: `${method} ${url}`,
        lanes: [lane('client', {})],
        mix: [request],
        arrivals: arrivalsOf(flags),
        until: untilOf(flags),
        warmup: flags.warmup,
        timeout: flags.timeout,
      }),
    ],
  })
  const runId = runIdFor(flags, 'load', io)
  const overrides = { seed: flags.seed, caps: { requestsMax: flags.maxRequests ?? flags.count } }
  const loaded = configFromValue(value, 'the command line')
  const prepared = await prepare(loaded, { runId, scenarios: [], overrides }, io)
  const secrets: LaneSecrets = new Map([['client', secret]])
  return runPrepared({ ...prepared, secrets }, flags, io)
}

function arrivalsOf({ rate, arrivals, connections }: LoadFlags) {
  if (rate === undefined) return saturate(connections)
  return arrivals === 'poisson' ? poisson(rate) : constant(rate)
}

function untilOf({ duration, count }: LoadFlags) {
  const rules = [
    ...(count === undefined ? [] : [untilRequests(count)]),
    ...(duration === undefined ? [] : [forDuration(duration)]),
  ]
  return rules.length > 0 ? rules : [forDuration('10s')]
}

/** A URL as a target and the path on it; throws `UserError`. */
export function splitUrl(text: string): { base: string; path: string } {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const message = `URL: expected something like http://localhost:8080/v1/models, got '${text}'`
    throw new UserError('usage', message)
  }
  const base = `${url.protocol}//${url.username === '' ? '' : `${url.username}:${url.password}@`}${url.host}`
  return { base, path: url.pathname + url.search }
}

/** Headers by name, secrets apart from those that may be written; throws `UserError`. */
export function splitHeaders(lines: readonly string[]) {
  const plain: Record<string, string> = {}
  const secret: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) {
      throw new UserError('usage', `-H: expected 'Name: value', got '${line.slice(0, 20)}'`)
    }
    const name = line.slice(0, colon).trim().toLowerCase()
    const target = secretHeader.test(name) ? secret : plain
    target[name] = line.slice(colon + 1).trim()
  }
  return { plain, secret }
}

/** The body itself, or the content of a file, written as @path. */
function bodyOf(text: string): string {
  if (!text.startsWith('@')) return text
  try {
    return readFileSync(text.slice(1), 'utf8')
  } catch (error) {
    const message = `-b: expected a readable file after '@', got '${text.slice(1)}' (${messageOf(error)})`
    throw new UserError('usage', message, { cause: error })
  }
}
