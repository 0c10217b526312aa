// The main thread's side of the thread that makes `requests.csv`.

import { messageOf } from '../core/errors.ts'
import { startThread } from '../core/thread.ts'
import { type RequestsProgress, type RequestsResult, requestsName } from './requestsFile.ts'
import type { RequestsCommand, RequestsMessage, RequestsThreadInput } from './requestsThreadMain.ts'

export interface RequestsThreadOptions extends RequestsThreadInput {
  /** The CSV cannot be written, or the thread crashed; called once. */
  readonly onError: (error: Error) => void
  /** Rows in the file and in all, a few times a second, after `finish` was called. */
  readonly onProgress: (progress: RequestsProgress) => void
}

/** A CSV that follows a journal. */
export interface RequestsThread {
  /** Call it when the journal is closed; resolves when the CSV is complete, or says why not. */
  finish(): Promise<RequestsResult>
  /** Ends early, after a whole row; a `finish` under way resolves with that as the damage. */
  stop(): Promise<void>
}

/** The journal must be there, the CSV must not. */
export function startRequestsThread(options: RequestsThreadOptions): RequestsThread {
  const { journalPath, csvPath, runId, onError, onProgress } = options
  const workerData: RequestsThreadInput = { journalPath, csvPath, runId }
  const worker = startThread('recording/requestsThreadMain', { workerData })
  let rowsDone = 0
  let isFailed = false
  const fail = (message: string) => {
    if (!isFailed) onError(new Error(message))
    isFailed = true
  }
  const result = new Promise<RequestsResult>((resolve) => {
    const crash = (message: string) => {
      fail(message)
      resolve({ rows: rowsDone, damage: message })
    }
    let isDone = false
    worker.on('message', (message: RequestsMessage) => {
      if (message.kind === 'failed') return fail(message.message)
      if (message.kind === 'done') {
        isDone = true
        return resolve(message.result)
      }
      rowsDone = message.progress.rowsDone
      onProgress(message.progress)
    })
    worker.on('error', (error) => crash(`${requestsName}: ${messageOf(error)}`))
    worker.on('exit', (code) => {
      if (!isDone) crash(`${requestsName}: its thread ended with code ${code}`)
    })
  })
  const exit = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve())
  })
  const tell = (command: RequestsCommand) => worker.postMessage(command)
  return {
    finish() {
      tell('finish')
      return result
    },
    async stop() {
      tell('stop')
      await exit
    },
  }
}
