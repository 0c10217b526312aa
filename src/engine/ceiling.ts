// How many requests of a plan's shape this generator can send here at most: a short run of the same
// engine against a server that does nothing (MLPerf's LoadGen calls it a null system under test).

import type { Clock } from '../core/clock.ts'
import { smallYoungGeneration } from '../core/heap.ts'
import { startThread } from '../core/thread.ts'
import type { Micros } from '../core/units.ts'
import { RequestBytes } from '../drivers/wire/requestBytes.ts'
import { wireDriver } from '../drivers/wire/wire.ts'
import type { LaneSecrets } from '../load/lanes.ts'
import { bareScenario, type Phase, type Plan } from '../load/plan.ts'
import { RunFolds } from '../recording/folds.ts'
import { Engine } from './engine.ts'
import { requestTemplate } from './routes.ts'

const warmupUs: Micros = 400_000
const measureUs: Micros = 250_000
const connections = 64

/** Requests per second with everything on that a run has on; TLS is not. */
export async function measureCeiling(plan: Plan, phase: Phase, clock: Clock): Promise<number> {
  // The same shape each time: what is sent has one length.
  const shape = plan.shapes.find(({ name }) => name === phase.mix[0]!.shape)!
  const lane = plan.lanes.find(({ name }) => name === phase.lanes[0])!
  const secrets: LaneSecrets = new Map()
  const parts = { secrets, userAgent: 'limitscope', pathPrefix: '', runId: plan.runId }
  const template = { ...requestTemplate(lane, shape, parts), idPrefix: null }
  const requestBytes = new RequestBytes(template, hostOf(0)).render(0).length
  const server = startThread(import.meta, 'nullServerMain', {
    workerData: { requestBytes },
    resourceLimits: smallYoungGeneration,
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.once('message', resolve)
    server.once('error', reject)
  })
  const driver = wireDriver(`http://${hostOf(port)}`, clock, {})
  try {
    let count = 0
    const folds = new RunFolds(plan, { slice() {}, event() {} })
    const engine = new Engine({
      plan: shortPlan(plan, phase, shape.name, lane.name),
      secrets,
      clock,
      driverOf: () => ({
        send: (_template, seq, timeoutUs, caller) => driver.send(template, seq, timeoutUs, caller),
        close: () => driver.close(),
      }),
      epochMs: 0,
      userAgent: parts.userAgent,
      origin: `http://${hostOf(port)}`,
      pathPrefix: '',
      stepDriverTo: () => driver,
      sink: {
        record(record) {
          folds.record(record)
          if (record.stage === 'measure' && record.outcome === 'ok') count++
        },
        gaps() {},
        event() {},
        progress() {},
      },
      meet: null,
      saturate: null,
    })
    await engine.run()
    return (count / measureUs) * 1e6
  } finally {
    await driver.close()
    await server.terminate()
  }
}

/** Of one length, whatever the port. */
function hostOf(port: number): string {
  return `127.0.0.1:${String(port).padStart(5, '0')}`
}

function shortPlan(plan: Plan, phase: Phase, shape: string, lane: string): Plan {
  const short: Phase = {
    ...phase,
    arrivals: { kind: 'users', count: connections, thinkUs: 0 },
    mix: [{ shape, weight: 1 }],
    lanes: [lane],
    isolate: 'none',
    warmupUs,
    until: [{ kind: 'duration', us: measureUs }],
    drainUs: 100_000,
    inFlightMax: connections,
    before: [],
  }
  const scenario = { ...bareScenario, name: 'ceiling', title: '', phases: [short] }
  const caps = { requestsMax: null, ratePerSMax: null, durationUsMax: null, tokensMax: null }
  return { ...plan, scenarios: [scenario], limiters: [], caps }
}
