// For tests: a whole run against an embedded gateway in virtual time, in this process.

import { VirtualClock } from '../core/clock.ts'
import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import { copyRecord, type RequestRecord } from '../core/record.ts'
import { stepCaps } from '../drivers/driver.ts'
import { type InProcessServer, inProcessDriver } from '../drivers/inProcess.ts'
import { Engine, type EngineResult } from '../engine/engine.ts'
import type { AnswerNames } from '../engine/sink.ts'
import type { GatewayDecision } from '../gateway/decisionLog.ts'
import { presets } from '../gateway/presets.ts'
import { GatewayService } from '../gateway/service.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import type { Lane } from '../load/lanes.ts'
import { bareScenario, type Phase, type Plan, type Scenario } from '../load/plan.ts'
import type { RequestShape } from '../load/shapes.ts'

export interface Simulation {
  readonly records: RequestRecord[]
  readonly events: RunEvent[]
  readonly progress: Progress[]
  readonly gaps: SimulatedGaps[]
  readonly result: EngineResult
  readonly decisions: readonly GatewayDecision[]
}

export interface SimulatedGaps extends AnswerNames {
  readonly gapsUs: readonly number[]
  /** The number of the record, from 0 on, that came about with it. */
  readonly record: number
}

export const cheap: RequestShape = {
  name: 'cheap',
  kind: 'chat',
  method: 'POST',
  path: '/v1/chat/completions',
  headers: {},
  model: 'limitscope-small',
  promptTokens: 8,
  outputTokensMax: 16,
  stream: false,
  extra: {},
  body: null,
}

export const expensive: RequestShape = {
  ...cheap,
  name: 'expensive',
  promptTokens: 200,
  outputTokensMax: 1000,
  stream: true,
}

export function laneNamed(name: string): Lane {
  return {
    name,
    credential: { from: 'none' },
    header: 'authorization',
    prefix: 'Bearer ',
    tier: name,
    headers: {},
  }
}

export function phase(changes: Partial<Phase>): Phase {
  return {
    name: 'phase',
    arrivals: { kind: 'spaced', gapUs: 50_000, count: 1 },
    mix: [{ shape: 'cheap', weight: 1 }],
    lanes: ['free'],
    driver: 'auto',
    isolate: 'none',
    warmupUs: 0,
    until: [{ kind: 'requests', count: 10 }],
    drainUs: 30e6,
    timeoutUs: 60e6,
    inFlightMax: 1000,
    before: [],
    ...changes,
  }
}

export function scenario(name: string, ...phases: Phase[]): Scenario {
  return { ...bareScenario, name, title: name, phases }
}

/** The two limiters of a gateway, each met on clean windows by another shape. */
export function interplay(): Scenario {
  const until = [{ kind: 'rejected', limiter: '*', plus: 2 }] as const
  const mix = [{ shape: 'expensive', weight: 1 }]
  return scenario(
    'interplay',
    phase({ name: 'cheap-first', until }),
    phase({ name: 'expensive-first', isolate: 'window', mix, until }),
  )
}

export function plan(changes: Partial<Plan>): Plan {
  return {
    version: 1,
    runId: 'test',
    seed: 7,
    target: { kind: 'gateway', preset: 'plain' },
    dialect: 'auto',
    rules: [],
    lanes: [laneNamed('free'), laneNamed('premium')],
    limiters: [],
    shapes: [cheap, expensive],
    scenarios: [],
    caps: { requestsMax: null, ratePerSMax: null, durationUsMax: null, tokensMax: null },
    variables: {},
    ...changes,
  }
}

/** The limiters of a gateway as a user would declare them. */
export function declaredBy(spec: GatewaySpec): Plan['limiters'] {
  return Object.entries(spec.tiers).flatMap(([tier, limiters]) =>
    limiters.map((limiter) => ({ tier, ...limiter })),
  )
}

export interface SimulationOptions {
  readonly plan: Plan
  readonly spec?: GatewaySpec
  /** Instead of an embedded gateway. */
  readonly server?: InProcessServer
  readonly travelUs?: number
  /** Called with the engine when the clock has reached `us`. */
  readonly at?: readonly { readonly us: number; readonly run: (engine: Engine) => void }[]
}

export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const clock = new VirtualClock()
  const service = new GatewayService(options.spec ?? presets.plain!, clock)
  const records: RequestRecord[] = []
  const events: RunEvent[] = []
  const progress: Progress[] = []
  const gaps: Simulation['gaps'] = []
  const secrets = options.plan.lanes.map(
    (lane) => [lane.name, { authorization: `Bearer sk-${lane.tier}-key` }] as const,
  )
  const { travelUs } = options
  const server = options.server ?? service
  const driver = inProcessDriver(server, clock, { travelUs })
  const stepDriver = inProcessDriver(server, clock, { travelUs, caps: stepCaps })
  const engine = new Engine({
    plan: options.plan,
    secrets: new Map(secrets),
    clock,
    driverOf: () => driver,
    sink: {
      record: (record) => records.push(copyRecord(record)),
      event: (event) => events.push(event),
      progress: (report) => progress.push(report),
      gaps: ({ scenario, phase, lane, shape }, gapsUs) =>
        gaps.push({ scenario, phase, lane, shape, gapsUs: [...gapsUs], record: records.length }),
    },
    epochMs: 0,
    userAgent: 'limitscope/test',
    origin: 'http://in-process',
    pathPrefix: '',
    stepDriverTo: () => stepDriver,
    meet: null,
    saturate: null,
  })
  for (const { us, run } of options.at ?? []) clock.at(us, () => run(engine))
  const result = await clock.run(engine.run())
  return { records, events, progress, gaps, result, decisions: service.decisions.all() }
}
