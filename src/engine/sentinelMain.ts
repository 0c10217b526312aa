// The entry point of the sentinel: a thread that does next to nothing but ask a server of its own,
// over loopback and a few times a second, how long an answer takes. Where that takes longer during a
// run than after it, the machine is too busy for the run's own figures (mutilate's idea).

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { LatencyCounts } from '../core/latencyCounts.ts'
import { realClock } from '../core/realClock.ts'
import { hasOneCore } from '../core/thread.ts'
import type { SentinelReading } from './sentinel.ts'

/** Probes in a row after the run. */
const probesAfter = 30
/**
 * Between two probes during the run. On a single core a probe makes the engine late by 1 to 2 ms,
 * because neither finds its code in the caches.
 */
const pauseMs = hasOneCore ? 1000 : 200

const clock = realClock()
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {})
  socket.pipe(socket)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const socket = connect({ port: (server.address() as AddressInfo).port, noDelay: true })
await once(socket, 'connect')

async function probe(counts: LatencyCounts): Promise<void> {
  const sentUs = clock.nowUs()
  socket.write('?')
  await once(socket, 'data')
  counts.record(clock.nowUs() - sentUs)
}

const during = new LatencyCounts()
let isOver = false
const over = once(parentPort!, 'message').then(() => {
  isOver = true
})
while (!isOver) {
  await probe(during)
  await Promise.race([over, sleep(pauseMs, undefined, { ref: false })])
}
const idle = new LatencyCounts()
for (let i = 0; i < probesAfter; i++) await probe(idle)
const reading: SentinelReading = {
  count: during.count,
  p90Us: during.quantile(0.9) ?? 0,
  p99Us: during.quantile(0.99) ?? 0,
  p90UsIdle: idle.quantile(0.9)!,
}
parentPort!.postMessage(reading)
server.close()
socket.destroy()
