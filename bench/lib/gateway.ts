// The embedded gateway as a process of its own, for benches that need it to answer like one.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Children, Output } from './children.ts'
import { rootPath, serverCpu } from './context.ts'

export const limitscopeArgv = [process.execPath, join(rootPath, 'bin/limitscope.js')]

/** A gateway that listens. */
export interface Gateway {
  readonly url: string
  readonly pid: number
  readonly end: Promise<Output>
  stop(): void
}

/** Starts a gateway with these flags, pinned to the server's CPU. */
export async function startGateway(children: Children, flags: readonly string[]): Promise<Gateway> {
  const argv = [...limitscopeArgv, 'gateway', '--port', '0', '--json', ...flags]
  const running = children.start(argv, { cpu: serverCpu })
  for (let i = 0; i < 250; i++) {
    const text = running.output()
    if (text.includes('\n')) {
      const { url } = JSON.parse(text) as { url: string }
      return { url, pid: running.pid, end: running.end, stop: () => running.signal('SIGTERM') }
    }
    await sleep(20)
  }
  throw new Error('the gateway does not start')
}
