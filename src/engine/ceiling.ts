// How many requests of a plan's shape this generator can send here at most: a short run of the same
// engine against a server that does nothing (MLPerf's LoadGen calls it a null system under test).
// What it compiles is what the run will use.

import type { Worker } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { RingReader, RingWriter, ringMemory } from '../core/rowRing.ts'
import { startThread } from '../core/thread.ts'
import type { Micros } from '../core/units.ts'
import { smallYoungGeneration } from '../core/v8.ts'
import type { Driver } from '../drivers/driver.ts'
import { wireDriver } from '../drivers/wire/wire.ts'
import { type ArrivalProcess, isOpen } from '../load/arrivals.ts'
import { bareScenario, type Phase, type Plan } from '../load/plan.ts'
import { wholeShare } from '../load/share.ts'
import { builtInVariables, variablesIn } from '../load/steps.ts'
import { RunFolds } from '../recording/folds.ts'
import { Engine } from './engine.ts'
import { FoldingSink } from './foldingSink.ts'
import type { NullServerCommand } from './nullServerMain.ts'

const connections = 64
/** A little of what the run will be, at a rate that takes no time. */
const rehearsalPerS = 20_000
const rehearsalUs: Micros = 200_000
const warmupUs: Micros = 50_000
const measureUs: Micros = 150_000
/**
 * Measured again while that is so much more than before, because code is still being compiled (on a
 * single core for seconds), and so many times at most.
 */
const risingFactor = 1.1
const measuresMax = 5
/** Less work than this says little of what it takes. */
const busyUsLeast: Micros = 100_000
/** Rows of the ring that nobody keeps; half of them are read at a time. */
const ringRows = 2048

export interface CeilingParts {
  readonly clock: Clock
  readonly epochMs: number
  readonly rowEvery: number
}

/** Requests per second with everything on that a run has on; TLS is not. Null: unknown. */
export async function measureCeiling(
  plan: Plan,
  phase: Phase,
  parts: CeilingParts,
): Promise<number | null> {
  const server = startThread('engine/nullServerMain', {
    resourceLimits: smallYoungGeneration,
  })
  try {
    const origin = `http://127.0.0.1:${await portOf(server)}`
    // As it would have come from the main thread: to V8, other objects are of other kinds.
    const countOf = (short: ShortPhase) =>
      countOk(structuredClone(shortPlan(plan, phase, short)), origin, parts)
    const users = { kind: 'users', count: connections, thinkUs: 0 } as const
    // Whatever a run may meet is met before its code is compiled for good: code that meets anything
    // new is thrown away and compiled anew, on the core and in the time of requests that count.
    await countOf({ arrivals: hurried(phase.arrivals), warmupUs: 0, measureUs: rehearsalUs })
    await countOf({ arrivals: users, warmupUs: rehearsalUs / 2, measureUs: rehearsalUs / 2 })
    server.postMessage('alike' satisfies NullServerCommand)
    let most = 0
    for (let i = 0; i < measuresMax; i++) {
      const count = await countOf({ arrivals: users, warmupUs, measureUs })
      const isRising = count > most * risingFactor
      most = Math.max(most, count)
      if (!isRising) break
    }
    return most === 0 ? null : (most / measureUs) * 1e6
  } finally {
    await server.terminate()
  }
}

/**
 * The ceiling that the run itself shows where that is higher: what it sent per second in which it had
 * something to do. A machine that is busy otherwise makes either figure too low, none too high.
 */
export function raisedCeiling(measuredPerS: number, sent: number, busyUs: Micros): number {
  return busyUs < busyUsLeast ? measuredPerS : Math.max(measuredPerS, (sent / busyUs) * 1e6)
}

function portOf(server: Worker): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    server.once('message', resolve)
    server.once('error', reject)
  })
}

/** Runs a plan and counts its measured answers. */
async function countOk(
  plan: Plan,
  origin: string,
  { clock, epochMs, rowEvery }: CeilingParts,
): Promise<number> {
  let count = 0
  const folds = new RunFolds(plan, {
    slice({ series }) {
      for (const cut of series) {
        if (cut.stage === 'measure' && cut.names.outcome === 'ok') count += cut.count
      }
    },
    event() {},
  })
  const driver: Driver = wireDriver(origin, clock, {})
  const { ring, onRows } = unkeptRows(rowEvery)
  const sink = new FoldingSink({ folds, ring, rowEvery, rowsMax: ringRows / 2, onRows })
  const engine = new Engine({
    plan,
    secrets: new Map(),
    clock,
    driverOf: () => driver,
    epochMs,
    userAgent: 'limitscope',
    origin,
    pathPrefix: '',
    stepDriverTo: () => driver,
    sink,
    share: structuredClone(wholeShare),
    meet: null,
    saturate: null,
  })
  try {
    await engine.run()
    folds.close()
    return count
  } finally {
    await driver.close()
  }
}

/** A ring whose rows are read and forgotten. */
function unkeptRows(rowEvery: number) {
  if (rowEvery === 0) return { ring: null, onRows() {} }
  const memory = ringMemory(ringRows)
  const [ring, reader] = [new RingWriter(memory), new RingReader(memory)]
  return { ring, onRows: () => void reader.take(ring.cut().rows) }
}

type ShortPhase = Pick<Phase, 'arrivals' | 'warmupUs'> & { readonly measureUs: Micros }

function hurried(arrivals: ArrivalProcess): ArrivalProcess {
  const process = isOpen(arrivals) && 'perS' in arrivals ? arrivals : { kind: 'constant' as const }
  return { ...process, perS: rehearsalPerS }
}

function shortPlan(plan: Plan, phase: Phase, { arrivals, warmupUs, measureUs }: ShortPhase): Plan {
  const short: Phase = {
    ...phase,
    arrivals,
    // The same shape each time: what is sent has one length.
    mix: [{ shape: phase.mix[0]!.shape, weight: 1 }],
    lanes: [phase.lanes[0]!],
    isolate: 'none',
    warmupUs,
    until: [{ kind: 'duration', us: measureUs }],
    drainUs: 100_000,
    inFlightMax: connections,
    before: [],
  }
  const scenario = { ...bareScenario, name: 'ceiling', title: '', phases: [short] }
  const caps = { requestsMax: null, ratePerSMax: null, durationUsMax: null, tokensMax: null }
  return { ...plan, scenarios: [scenario], limiters: [], caps, ...withoutCaptures(plan, short) }
}

/** The plan's shapes and variables, with something in place of what only its steps will capture. */
function withoutCaptures(plan: Plan, { lanes }: Phase): Pick<Plan, 'shapes' | 'variables'> {
  // Other origins are the null server's, too.
  const shapes = plan.shapes.map((shape) =>
    shape.path.startsWith('/') ? shape : { ...shape, path: '/' },
  )
  const credentials = plan.lanes.flatMap(({ name, credential }) =>
    lanes.includes(name) && credential.from === 'capture' ? credential.name : [],
  )
  const known: readonly string[] = builtInVariables
  const names = [...variablesIn(shapes), ...credentials].filter((name) => !known.includes(name))
  const standIns = Object.fromEntries(names.map((name) => [name, 'captured']))
  return { shapes, variables: { ...standIns, ...plan.variables } }
}
