// The entry point of the sentinel: a thread that does next to nothing but ask a server of its own,
// over loopback and a few times a second, how long an answer takes. Where that takes longer during a
// run than before it, the machine is too busy for the run's own figures (mutilate's idea).

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { LatencyCounts } from '../core/latencyCounts.ts'
import { realClock } from '../core/realClock.ts'
import type { SentinelReading } from './sentinel.ts'

/** Probes in a row before the run, and the pause between two of them during it. */
const probesBefore = 30
const pauseMs = 50
const reportEvery = 20

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

const before = new LatencyCounts()
const during = new LatencyCounts()
for (let i = 0; i < probesBefore; i++) await probe(before)
for (let i = 1; ; i++) {
  await sleep(pauseMs)
  await probe(during)
  if (i % reportEvery !== 0) continue
  const reading: SentinelReading = {
    count: during.count,
    p90UsBefore: before.quantile(0.9)!,
    p90Us: during.quantile(0.9)!,
    p99Us: during.quantile(0.99)!,
  }
  parentPort!.postMessage(reading)
}
