// The main thread's side of an engine thread.

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { UserError, type UserErrorCode } from '../core/errors.ts'
import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import { decodeBlock } from '../core/recordBlock.ts'
import type { EngineResult } from './engine.ts'
import type { EngineCommand, EngineHealth, EngineMessage, EngineThreadInput } from './messages.ts'
import type { TokenGaps } from './sink.ts'

/** Receives what the engine produces, on the main thread, in order. */
export interface EngineListener {
  record(record: RequestRecord): void
  gaps(gaps: TokenGaps): void
  event(event: RunEvent): void
  progress(progress: Progress): void
  health(health: EngineHealth): void
}

/** A run under way in a thread of its own. */
export interface EngineThread {
  /** Rejects with `UserError` or with what crashed the thread. */
  readonly result: Promise<EngineResult>
  /** Sends no more, waits for what is in flight. */
  stop(): void
  /** Drops what is in flight. */
  abort(): void
}

export function startEngineThread(
  input: EngineThreadInput,
  listener: EngineListener,
): EngineThread {
  // Source and build differ in the extension only.
  const entry = new URL(`./threadMain${extname(import.meta.filename)}`, import.meta.url)
  const worker = new Worker(entry, { workerData: input })
  const result = new Promise<EngineResult>((resolve, reject) => {
    worker.on('message', (message: EngineMessage) => {
      if (message.kind === 'done') return resolve(message.result)
      if (message.kind === 'refused') {
        return reject(new UserError(message.code as UserErrorCode, message.message))
      }
      for (const record of decodeBlock(message.block)) listener.record(record)
      for (const gaps of message.gaps) listener.gaps(gaps)
      for (const event of message.events) listener.event(event)
      if (message.progress !== null) listener.progress(message.progress)
      if (message.health !== null) listener.health(message.health)
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      reject(new Error(`the engine thread ended with code ${code} before the run did`))
    })
  })
  const tell = (command: EngineCommand) => worker.postMessage(command)
  return { result, stop: () => tell('stop'), abort: () => tell('abort') }
}
