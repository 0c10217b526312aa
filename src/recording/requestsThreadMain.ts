// The entry point of the thread that makes `requests.csv`: it follows the journal as if by the way
// while the run goes on, if there is a core for it, and with all its might once the run is over.

import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { assert, messageOf } from '../core/errors.ts'
import { hasOneCore } from '../core/thread.ts'
import { RequestsFile, type RequestsProgress, type RequestsResult } from './requestsFile.ts'

export interface RequestsThreadInput {
  readonly journalPath: string
  readonly csvPath: string
  readonly runId: string
}

/** Main thread → this one. */
export type RequestsCommand = 'finish' | 'stop'

/** This thread → the main one. */
export type RequestsMessage =
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'progress'; readonly progress: RequestsProgress }
  | { readonly kind: 'done'; readonly result: RequestsResult }

/** During the run: at most `sliceMs` of work at a time, and `restsPerWork` times as long a rest. */
const sliceMs = 5
const restsPerWork = 3
/** The rest when the CSV is up to date; with a slice, how far it is behind at low rates. */
const idleMs = 500
/** After the run: work between two looks for a command, and the time between two reports. */
const finishSliceMs = 20
const progressMs = 250
/** Rows between two looks at the clock: about half a millisecond. */
const pieceRows = 64

assert(parentPort !== null, 'requestsThreadMain runs in a worker thread')
const port = parentPort
let command: RequestsCommand | null = null
let wake = () => {}
port.on('message', (next: RequestsCommand) => {
  // A stop stands, whatever else was asked.
  if (command !== 'stop') command = next
  wake()
})
yieldPriority()
await main(workerData as RequestsThreadInput)
port.close()

async function main(input: RequestsThreadInput): Promise<void> {
  const onError = (error: Error) => send({ kind: 'failed', message: messageOf(error) })
  const file = new RequestsFile({ ...input, onError })
  // The only core is the engine's: no priority is so low that it, and the compiling and collecting
  // that come with it, never delay an answer there.
  if (hasOneCore) await commanded()
  else await follow(file)
  await finish(file)
  send({ kind: 'done', result: await file.close() })
}

async function follow(file: RequestsFile): Promise<void> {
  while (command === null) {
    const startMs = performance.now()
    const isUpToDate = await copyUntil(file, startMs + sliceMs)
    const restMs = (performance.now() - startMs) * restsPerWork
    if (command === null) await rest(isUpToDate ? Math.max(restMs, idleMs) : restMs)
  }
}

async function finish(file: RequestsFile): Promise<void> {
  if (command === 'stop') return
  const rowsTotal = file.rowsDone + file.rowsLeft()
  const report = () => send({ kind: 'progress', progress: { rowsDone: file.rowsDone, rowsTotal } })
  let reportMs = performance.now()
  while (command === 'finish') {
    const isUpToDate = await copyUntil(file, performance.now() + finishSliceMs)
    if (isUpToDate || performance.now() >= reportMs) {
      report()
      reportMs = performance.now() + progressMs
    }
    if (isUpToDate) return
    await setImmediate()
  }
}

/** Copies rows until that instant; returns whether all that there are were copied. */
async function copyUntil(file: RequestsFile, endMs: number): Promise<boolean> {
  do {
    if (file.copy(pieceRows) < pieceRows) return true
    await file.drained()
  } while (performance.now() < endMs)
  return false
}

async function commanded(): Promise<void> {
  if (command !== null) return
  await new Promise<void>((resolve) => {
    wake = resolve
  })
}

/** Ends early when a command comes. */
function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

/** On Linux a thread has a priority of its own; elsewhere only the rests hold this one back. */
function yieldPriority(): void {
  try {
    const thread = readlinkSync('/proc/thread-self').split('/').at(-1)
    setPriority(Number(thread), constants.priority.PRIORITY_LOW)
  } catch {
    // No /proc: not Linux.
  }
}

function send(message: RequestsMessage): void {
  port.postMessage(message)
}
