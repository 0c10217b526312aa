// Threads of this package.

import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/** Whether all of them have to share one core: then whoever keeps it delays the engine. */
export const hasOneCore = availableParallelism() === 1

/** Starts the file `name` beside the module that asks, in a thread of its own. */
export function startThread(from: ImportMeta, name: string, options: WorkerOptions = {}): Worker {
  // Source and build differ in the extension only.
  const entry = new URL(`./${name}${extname(from.filename)}`, from.url)
  return new Worker(entry, options)
}
