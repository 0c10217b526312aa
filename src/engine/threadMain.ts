// The entry point of an engine thread: a run on the real clock, folded here and handed over in
// batches.

import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { assert, UserError } from '../core/errors.ts'
import { realClock, shareWallAnchor } from '../core/realClock.ts'
import { RingWriter } from '../core/rowRing.ts'
import type { Micros } from '../core/units.ts'
import type { NextRequest, SaturateOptions } from '../drivers/autocannon.ts'
import { isOpen, peakPerS } from '../load/arrivals.ts'
import type { Phase, Plan } from '../load/plan.ts'
import type { ScenarioOutcome } from '../load/stepResults.ts'
import { RunFolds } from '../recording/folds.ts'
import { measureCeiling, raisedCeiling } from './ceiling.ts'
import { Engine, progressUs } from './engine.ts'
import { FoldingSink } from './foldingSink.ts'
import { ThreadMonitor } from './health.ts'
import type {
  EngineCommand,
  EngineHealth,
  EngineMessage,
  EngineThreadInput,
  Standing,
  Told,
} from './messages.ts'
import { measureStalls } from './stalls.ts'
import { type TargetAddress, targetAddress } from './target.ts'
import { openTransport } from './transport.ts'

/** A batch goes out this often, or when it holds this many rows. */
const batchMs = progressUs / 1000
const batchRowsMax = 16_384
/** Every so many of them, the generator reads itself. */
const batchesPerHealth = 2

/** Below this rate nobody comes near the ceiling of a generator, and little code gets compiled. */
const ceilingPerSLeast = 200

/** How long the machine's own stalls are looked for. */
const stallsUs = 50_000

assert(parentPort !== null, 'threadMain runs in a worker thread')
const port = parentPort
// The first message says what there is to do.
const [input] = (await once(port, 'message')) as [EngineThreadInput]
const ring = input.ring === null ? null : new RingWriter(input.ring)
const folds = new RunFolds(input.plan, {
  slice: (slice) => told.push({ slice }),
  event: (event) => told.push({ event }),
})
const sink = new FoldingSink({
  folds,
  ring,
  rowEvery: input.rowEvery,
  rowsMax: batchRowsMax,
  onRows: (us) => flush(us),
})
let told: Told[] = []
/** What tells apart the standing that was sent last. */
let standingSent = ''
let outcomes: () => readonly ScenarioOutcome[] = () => []
let isAwaiting = () => true
/** Called with the instant at which the phase starts that this engine is ready for. */
let start: (startUs: Micros) => void = () => {}

try {
  await main()
} catch (error) {
  if (!(error instanceof UserError)) throw error
  send({ kind: 'refused', code: error.code, message: error.message })
}

async function main(): Promise<void> {
  const { plan, epochMs, spinUs, share } = input
  shareWallAnchor(input.wallAnchor)
  const clock = realClock({ epochMs, spinUs, isAwaiting: () => isAwaiting() })
  const address = targetAddress(input.targetUrl)
  const transport = await openTransport(address.origin, clock, plan)
  const engine = new Engine({
    plan,
    secrets: new Map(input.secrets),
    clock,
    driverOf: (name, to) => transport.driverOf(name, to),
    epochMs,
    userAgent: input.userAgent,
    origin: address.origin,
    stepDriverTo: (to) => transport.stepDriverTo(to),
    pathPrefix: address.pathPrefix,
    sink,
    share,
    meet: share.of === 1 ? null : meet,
    saturate: await autocannonTo(address, clock),
  })
  outcomes = () => engine.outcomes
  isAwaiting = () => engine.isAwaiting
  const handOver = (health: EngineHealth | null = null) => {
    engine.land()
    const nowUs = clock.nowUs()
    folds.advance(nowUs)
    flush(nowUs, health)
  }
  port.on('message', (command: EngineCommand) => {
    if (typeof command !== 'string') return start(command.startUs)
    engine[command]()
    // Whoever interrupts wants to see that it was heard.
    handOver()
  })
  const stalls = hasSchedule() ? measureStalls(clock, stallsUs) : null
  const ceilingPerS = await ceilingOf(plan, clock)
  const monitor = new ThreadMonitor()
  const health = () => {
    const [thread, lag] = [monitor.read(), engine.lag()]
    return {
      thread,
      lag,
      stalls,
      arrivalDistance: engine.arrivalDistance(),
      ceilingPerS: ceilingPerS && raisedCeiling(ceilingPerS, lag.count, thread.loopBusyUs),
    }
  }
  let batches = 0
  const handingOver = setInterval(
    () => handOver(++batches % batchesPerHealth === 0 ? health() : null),
    batchMs,
  )
  const result = await engine.run()
  clearInterval(handingOver)
  folds.close()
  flush(clock.nowUs(), health())
  monitor.close()
  await transport.close()
  send({ kind: 'done', result, findings: folds.findings.all() })
  port.close()
}

function meet(readyUs: Micros): Promise<Micros> {
  send({ kind: 'ready', us: readyUs })
  return new Promise((resolve) => {
    start = resolve
  })
}

/** Everything that ended so far, and what it came to: a batch is whole in itself. */
function flush(nowUs: Micros, health: EngineHealth | null = null): void {
  folds.cut()
  const rows = ring === null || ring.pending === 0 ? null : ring.cut()
  const progress = sink.takeProgress()
  if (told.length === 0 && rows === null && progress === null && health === null) return
  send({ kind: 'batch', us: nowUs, told, rows, progress, health, standing: standing() })
  told = []
}

function standing(): Standing | null {
  const scenarios = outcomes()
  const version = `${folds.findings.revision} ${scenarios.length}`
  if (version === standingSent) return null
  standingSent = version
  return { findings: folds.findings.all(), scenarios }
}

function send(message: EngineMessage): void {
  port.postMessage(message)
}

/** Autocannon where a phase asks for it; it never verifies certificates, so never behind TLS. */
async function autocannonTo({ origin, isTls }: TargetAddress, clock: Clock) {
  if (isTls || !phases().some(({ driver }) => driver === 'autocannon')) return null
  const { saturate } = await import('../drivers/autocannon.ts')
  return (options: SaturateOptions, next: NextRequest) => saturate(origin, clock, options, next)
}

/** The ceiling for the phase that offers most; null where that is too little to come near it. */
async function ceilingOf(plan: Plan, clock: Clock): Promise<number | null> {
  const rates = phases().map(({ arrivals }) => (isOpen(arrivals) ? peakPerS(arrivals) : 0))
  const most = Math.max(...rates)
  if (most < ceilingPerSLeast) return null
  const phase = phases()[rates.indexOf(most)]!
  const { epochMs, rowEvery } = input
  return measureCeiling(plan, phase, { clock, epochMs, rowEvery })
}

/** Whether some phase follows a schedule that the machine can delay. */
function hasSchedule(): boolean {
  return phases().some(({ arrivals }) => isOpen(arrivals))
}

function phases(): readonly Phase[] {
  return input.plan.scenarios.flatMap((scenario) => scenario.phases)
}
