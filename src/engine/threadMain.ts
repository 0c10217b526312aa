// The entry point of an engine thread: a run on the real clock, handed over in batches.

import { parentPort, workerData } from 'node:worker_threads'
import { assert, UserError } from '../core/errors.ts'
import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import { realClock, shareWallAnchor } from '../core/realClock.ts'
import { RecordEncoder } from '../core/recordBlock.ts'
import { saturate } from '../drivers/autocannon.ts'
import { undiciDriver } from '../drivers/undici.ts'
import { Engine } from './engine.ts'
import { ThreadMonitor } from './health.ts'
import type { EngineCommand, EngineMessage, EngineThreadInput } from './messages.ts'
import type { TokenGaps } from './sink.ts'
import { targetAddress } from './target.ts'

/** A batch goes out this often, or when it holds this many records. */
const batchMs = 50
const batchRecordsMax = 4096
const healthMs = 1000

assert(parentPort !== null, 'threadMain runs in a worker thread')
const port = parentPort
const input = workerData as EngineThreadInput
const records = new RecordEncoder()
let gaps: TokenGaps[] = []
let events: RunEvent[] = []
let progress: Progress | null = null

try {
  await main()
} catch (error) {
  if (!(error instanceof UserError)) throw error
  send({ kind: 'refused', code: error.code, message: error.message })
}

async function main(): Promise<void> {
  const { plan, epochMs, spinUs } = input
  shareWallAnchor(input.wallAnchor)
  const clock = realClock({ epochMs, spinUs })
  const address = targetAddress(input.targetUrl)
  const tls = plan.target.kind === 'url' ? plan.target.tls : { caPath: null, verify: true }
  const driver = undiciDriver(address.origin, clock, {
    connectionsMax: connectionsMax(),
    caPath: tls.caPath,
    verify: tls.verify,
  })
  const engine = new Engine({
    plan,
    secrets: new Map(input.secrets),
    clock,
    driver,
    epochMs,
    userAgent: input.userAgent,
    pathPrefix: address.pathPrefix,
    sink: {
      record(record) {
        records.add(record)
        if (records.count >= batchRecordsMax) flush()
      },
      gaps: (some) => gaps.push(some),
      event: (event) => events.push(event),
      progress(report) {
        progress = report
      },
    },
    // autocannon never verifies certificates: behind TLS, users stand in for it.
    saturate: address.isTls
      ? null
      : (options, next) => saturate(address.origin, clock, options, next),
  })
  port.on('message', (command: EngineCommand) => engine[command]())
  const monitor = new ThreadMonitor()
  const flushing = setInterval(() => flush(), batchMs)
  const health = () => ({ thread: monitor.read(), lag: engine.lag() })
  const checking = setInterval(() => flush(health()), healthMs)
  const result = await engine.run()
  clearInterval(flushing)
  clearInterval(checking)
  flush(health())
  monitor.close()
  await driver.close()
  send({ kind: 'done', result })
  port.close()
}

function flush(health: Extract<EngineMessage, { kind: 'batch' }>['health'] = null): void {
  const isEmpty = records.count + gaps.length + events.length === 0
  if (isEmpty && progress === null && health === null) return
  const block = records.cut()
  send({ kind: 'batch', block, gaps, events, progress, health }, [block.numbers.buffer])
  gaps = []
  events = []
  progress = null
}

function send(message: EngineMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** Enough for the phase that has the most in flight. */
function connectionsMax(): number {
  const phases = input.plan.scenarios.flatMap(({ phases }) => phases)
  return Math.max(1, ...phases.map(({ inFlightMax }) => inFlightMax))
}
