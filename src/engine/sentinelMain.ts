// The entry point of the sentinel: a thread that does next to nothing but ask a server of its own,
// over loopback and a few times a second, how long an answer takes. Where that takes longer during a
// run than after it, the machine is too busy for the run's own figures (mutilate's idea).

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { LatencyCounts } from '../core/latencyCounts.ts'
import { realClock } from '../core/realClock.ts'
import type { SentinelReading } from './sentinel.ts'

/** Probes in a row after the run. */
const probesAfter = 30
/** The pause between two probes of the run: as many as a p90 needs, then only now and then. */
const pauseMs = 200
const probesSoon = 50
const pauseMsLater = 1000

const question = Buffer.from('?')
const clock = realClock()
const during = new LatencyCounts()
const idle = new LatencyCounts()
let counts = during
let sentUs = 0
let isAsking = false
let isOver = false
let timer: NodeJS.Timeout | undefined

// Without promises and streams: a probe runs code that is in no cache, on a core that may be the
// engine's, and each ms of it is one that the engine is late.
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {})
  socket.on('data', () => socket.write(question))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const onread = { buffer: Buffer.alloc(question.length), callback: answered }
const socket = connect({ port, noDelay: true, onread })
await once(socket, 'connect')
parentPort!.once('message', () => {
  isOver = true
  clearTimeout(timer)
  if (!isAsking) ask()
})
ask()

function ask(): void {
  counts = isOver ? idle : during
  isAsking = true
  sentUs = clock.nowUs()
  socket.write(question)
}

function answered(): boolean {
  counts.record(clock.nowUs() - sentUs)
  isAsking = false
  if (!isOver) timer = setTimeout(ask, during.count < probesSoon ? pauseMs : pauseMsLater)
  else if (idle.count < probesAfter) ask()
  else end()
  return true
}

function end(): void {
  const reading: SentinelReading = {
    count: during.count,
    p90Us: during.quantile(0.9) ?? 0,
    p99Us: during.quantile(0.99) ?? 0,
    p90UsIdle: idle.quantile(0.9)!,
  }
  parentPort!.postMessage(reading)
  server.close()
  socket.destroy()
}
