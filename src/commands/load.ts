// `limitscope load URL`: a one-off load of one endpoint, for people who know oha, hey or autocannon.

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
import type { LaneSecrets } from '../load/lanes.ts'
import { bodyOf, splitHeaders, splitUrl } from './endpointFlags.ts'
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
  const prepared = await prepare(
    loaded,
    { runId, scenarios: [], overrides, limits: flags.limits },
    io,
  )
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
