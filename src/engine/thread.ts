// The main thread's side of an engine thread.

import type { Worker } from 'node:worker_threads'
import { UserError, type UserErrorCode } from '../core/errors.ts'
import type { RunEvent } from '../core/event.ts'
import { Pieces } from '../core/pieces.ts'
import type { Progress } from '../core/progress.ts'
import { RingReader, ringMemory } from '../core/rowRing.ts'
import { startThread } from '../core/thread.ts'
import type { Micros } from '../core/units.ts'
import { smallYoungGeneration } from '../core/v8.ts'
import type { LimiterFinding } from '../recording/findings.ts'
import type { JournalBatch } from '../recording/journalFormat.ts'
import type { Slice } from '../recording/slice.ts'
import type { EngineResult } from './engine.ts'
import type {
  EngineBatch,
  EngineCommand,
  EngineHealth,
  EngineMessage,
  EngineThreadInput,
  Standing,
} from './messages.ts'

/** Receives what the engine produces, on the main thread, in order. */
export interface EngineListener {
  slice(slice: Slice): void
  event(event: RunEvent): void
  /** Rows of requests; `lost`: how many of them did not make it since the start. */
  rows(batch: JournalBatch, lost: number): void
  progress(progress: Progress): void
  health(health: EngineHealth): void
  /** It is ready for the next phase and waits for `start`; never for an engine alone. */
  ready(us: Micros): void
  /** Everything that ended up to `us` has been handed over, and has come to this. */
  reached(us: Micros, standing: Standing | null): void
}

/** What is left to tell when a run is over. */
export interface EngineEnd extends EngineResult {
  readonly findings: readonly LimiterFinding[]
}

/** A run under way in a thread of its own. */
export interface EngineThread {
  /** Rejects with `UserError` or with what crashed the thread. */
  readonly result: Promise<EngineEnd>
  /** Sends no more, waits for what is in flight. */
  stop(): void
  /** Drops what is in flight. */
  abort(): void
  /** Answers `ready`. */
  start(startUs: Micros): void
}

/** A thread that is loading its code while nobody knows yet what it will have to do. */
let warm: Worker | null = null

/**
 * Starts a thread for the run to come: loading its code takes as long as reading a config. Without a
 * run it keeps nobody from leaving.
 */
export function warmEngineThread(): void {
  warm ??= newWorker()
  warm.unref()
}

function newWorker(): Worker {
  return startThread('engine/threadMain', { resourceLimits: smallYoungGeneration })
}

export function startEngineThread(
  input: Omit<EngineThreadInput, 'ring'>,
  listener: EngineListener,
): EngineThread {
  const worker = warm ?? newWorker()
  warm = null
  worker.ref()
  const source = input.share.index
  const ring = input.rowEvery === 0 ? null : ringMemory()
  const reader = ring === null ? null : new RingReader(ring)
  worker.postMessage({ ...input, ring } satisfies EngineThreadInput)
  const pieces = new Pieces()
  const take = ({ told, rows, progress, health, us, standing }: EngineBatch) => {
    for (const one of told) {
      pieces.add(() => ('slice' in one ? listener.slice(one.slice) : listener.event(one.event)))
    }
    if (rows !== null) {
      const { texts, lost } = rows
      pieces.add(() => listener.rows({ source, texts, rows: reader!.take(rows.rows) }, lost))
    }
    if (progress !== null) pieces.add(() => listener.progress(progress))
    if (health !== null) pieces.add(() => listener.health(health))
    pieces.add(() => listener.reached(us, standing))
  }
  const result = new Promise<EngineEnd>((resolve, reject) => {
    worker.on('message', (message: EngineMessage) => {
      if (message.kind === 'batch') return take(message)
      pieces.finish()
      if (message.kind === 'ready') return listener.ready(message.us)
      if (message.kind === 'done') {
        return resolve({ ...message.result, findings: message.findings })
      }
      reject(new UserError(message.code as UserErrorCode, message.message))
    })
    worker.on('error', (error) => {
      pieces.finish()
      reject(error)
    })
    worker.on('exit', (code) => {
      pieces.finish()
      reject(new Error(`the engine thread ended with code ${code} before the run did`))
    })
  })
  const tell = (command: EngineCommand) => worker.postMessage(command)
  return {
    result,
    stop: () => tell('stop'),
    abort: () => tell('abort'),
    start: (startUs) => tell({ startUs }),
  }
}
