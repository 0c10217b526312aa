// The entry point of a gateway thread: serves until told to close.

import { parentPort, workerData } from 'node:worker_threads'
import { assert, messageOf } from '../core/errors.ts'
import { shareWallAnchor, type WallAnchor } from '../core/realClock.ts'
import type { GatewayDecision } from './decisionLog.ts'
import { type GatewayOptions, startGateway } from './server.ts'
import type { GatewaySpec } from './spec.ts'

export interface GatewayThreadInput {
  readonly spec: GatewaySpec
  readonly options: GatewayOptions
  readonly wallAnchor: WallAnchor
}

/** Main thread → gateway. */
export type GatewayCommand = 'decisions' | 'close'

/** Gateway → main thread. */
export type GatewayMessage =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'decisions'; readonly decisions: readonly GatewayDecision[] }

assert(parentPort !== null, 'threadMain runs in a worker thread')
const port = parentPort
const { spec, options, wallAnchor } = workerData as GatewayThreadInput
const send = (message: GatewayMessage) => port.postMessage(message)

try {
  shareWallAnchor(wallAnchor)
  const gateway = await startGateway(spec, options)
  port.on('message', (command: GatewayCommand) => {
    if (command === 'decisions') {
      send({ kind: 'decisions', decisions: gateway.service.decisions.all() })
    } else {
      void gateway.close().then(() => port.close())
    }
  })
  send({ kind: 'listening', url: gateway.url })
} catch (error) {
  send({ kind: 'refused', message: messageOf(error) })
  port.close()
}
