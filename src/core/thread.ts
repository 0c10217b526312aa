// Threads of this package.

import { availableParallelism } from 'node:os'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { codeFile } from './package.ts'

/** Whether all of them have to share one core: then whoever keeps it delays the engine. */
export const hasOneCore = availableParallelism() === 1

/** Starts a file of the code, `engine/threadMain`, in a thread of its own. */
export function startThread(name: string, options: WorkerOptions = {}): Worker {
  return new Worker(codeFile(name), options)
}
