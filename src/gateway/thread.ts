// The embedded gateway in a thread of its own, so that it does not share one with the screen.

import type { Worker } from 'node:worker_threads'
import { UserError } from '../core/errors.ts'
import { wallAnchor } from '../core/realClock.ts'
import { startThread } from '../core/thread.ts'
import type { GatewayDecision } from './decisionLog.ts'
import type { GatewayOptions } from './server.ts'
import type { GatewaySpec } from './spec.ts'
import type { GatewayCommand, GatewayMessage, GatewayThreadInput } from './threadMain.ts'

/** A gateway that listens in another thread. */
export interface GatewayThread {
  readonly url: string
  /** The decision log so far: the ground truth of the run. */
  decisions(): Promise<readonly GatewayDecision[]>
  close(): Promise<void>
}

/** Rejects with `UserError` when the gateway cannot listen. */
export async function startGatewayThread(
  spec: GatewaySpec,
  options: GatewayOptions = {},
): Promise<GatewayThread> {
  const workerData: GatewayThreadInput = { spec, options, wallAnchor: wallAnchor() }
  const worker = startThread('gateway/threadMain', { workerData })
  const tell = (command: GatewayCommand) => worker.postMessage(command)
  const first = await nextMessage(worker)
  if (first.kind !== 'listening') {
    throw new UserError('usage', first.kind === 'refused' ? first.message : 'gateway: no start')
  }
  return {
    url: first.url,
    async decisions() {
      tell('decisions')
      const message = await nextMessage(worker)
      return message.kind === 'decisions' ? message.decisions : []
    },
    async close() {
      const exit = new Promise((resolve) => {
        worker.once('exit', resolve)
      })
      tell('close')
      await exit
    },
  }
}

function nextMessage(worker: Worker): Promise<GatewayMessage> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      worker.off('message', onMessage)
      worker.off('error', onError)
      end()
    }
    const onMessage = (message: GatewayMessage) => settle(() => resolve(message))
    const onError = (error: unknown) => settle(() => reject(error))
    worker.on('message', onMessage)
    worker.on('error', onError)
  })
}
