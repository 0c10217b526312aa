// Resident memory over many requests: the engine with all its folds and rows on a virtual clock,
// against a driver that answers after a millisecond of it. Prints one line of JSON.
//
// usage: node bench/clients/memory.ts [REQUESTS in millions, default 50]

import { isMainThread, Worker } from 'node:worker_threads'
import { VirtualClock } from '../../src/core/clock.ts'
import { RingReader, RingWriter, ringMemory } from '../../src/core/rowRing.ts'
import { setEngineHeap, smallYoungGeneration } from '../../src/core/v8.ts'
import type { Driver } from '../../src/drivers/driver.ts'
import { Engine } from '../../src/engine/engine.ts'
import { bareScenario, type Plan, planVersion } from '../../src/load/plan.ts'
import { RunFolds } from '../../src/recording/folds.ts'
import { IntervalFold } from '../../src/recording/intervals.ts'
import { LiveFold } from '../../src/recording/live.ts'
import { SeriesFold } from '../../src/recording/series.ts'
import { type MemorySample, memoryFigures } from '../lib/memory.ts'

// In a thread like that of a real run.
if (isMainThread) {
  setEngineHeap()
  new Worker(import.meta.filename, {
    argv: process.argv.slice(2),
    resourceLimits: smallYoungGeneration,
  })
} else {
  await main()
}

async function main(): Promise<void> {
  const requests = Number(process.argv[2] ?? 50) * 1e6
  const clock = new VirtualClock()
  const users = 64
  const serviceUs = 1_000

  const plan: Plan = {
    version: planVersion,
    runId: 'memory',
    seed: 1,
    target: { kind: 'url', url: 'http://127.0.0.1:1', tls: { caPath: null, verify: true } },
    dialect: 'auto',
    rules: [],
    lanes: [
      {
        name: 'client',
        credential: { from: 'none' },
        header: 'authorization',
        prefix: '',
        tier: '',
        headers: {},
      },
    ],
    limiters: [],
    variables: {},
    shapes: [
      {
        name: 'request',
        kind: 'raw',
        method: 'GET',
        path: '/',
        headers: {},
        model: '',
        promptTokens: 0,
        outputTokensMax: 0,
        stream: false,
        extra: {},
        body: '',
      },
    ],
    scenarios: [
      {
        ...bareScenario,
        name: 'memory',
        title: '',
        phases: [
          {
            name: 'memory',
            before: [],
            arrivals: { kind: 'users', count: users, thinkUs: 0 },
            mix: [{ shape: 'request', weight: 1 }],
            lanes: ['client'],
            driver: 'auto',
            isolate: 'none',
            warmupUs: 0,
            until: [{ kind: 'requests', count: requests }],
            drainUs: 1e6,
            timeoutUs: 1e6,
            inFlightMax: users,
          },
        ],
      },
    ],
    caps: { requestsMax: null, ratePerSMax: null, durationUsMax: null, tokensMax: null },
  }

  /** Answers every request after a millisecond; every tenth is a rejection. */
  const driver: Driver = {
    send(_template, seq, _timeoutUs, caller) {
      const sentUs = clock.nowUs()
      const isLimited = seq % 10 === 0
      clock.at(sentUs + serviceUs, () => {
        const us = clock.nowUs()
        caller.ended({
          handedUs: sentUs,
          sentUs,
          firstByteUs: us,
          firstTokenUs: null,
          endUs: us,
          status: isLimited ? 429 : 200,
          headers: isLimited ? { 'retry-after': '1' } : {},
          headKey: null,
          hasLimitFields: isLimited,
          hasUsageFields: false,
          body: isLimited ? `{"error":{"message":"request ${seq} is one too many"}}` : '{}',
          bytesIn: 100,
          stream: null,
          failure: null,
          bodyHas: () => false,
        })
      })
      return { abort() {} }
    },
    async close() {},
  }

  const ring = ringMemory()
  const writer = new RingWriter(ring)
  const reader = new RingReader(ring)
  const series = new SeriesFold()
  const intervals = new IntervalFold(() => {})
  const live = new LiveFold({ runId: 'memory', target: '', scenarios: ['memory'] })
  let ended = 0
  const folds = new RunFolds(plan, {
    slice(slice) {
      for (const cut of slice.series) series.add(cut)
      intervals.add(slice)
      intervals.advance(slice.startUs)
      live.slice(slice)
    },
    event() {},
  })
  const engine = new Engine({
    plan,
    secrets: new Map(),
    clock,
    driverOf: () => driver,
    stepDriverTo: () => driver,
    origin: 'http://memory',
    epochMs: 0,
    userAgent: 'limitscope',
    pathPrefix: '',
    sink: {
      record(record) {
        ended++
        folds.record(record)
        writer.write(record)
        if (writer.pending >= 10_000) reader.take(writer.cut().rows)
      },
      gaps() {},
      event() {},
      progress(progress) {
        folds.advance(progress.us)
      },
    },
    meet: null,
    saturate: null,
  })

  let isOver = false
  const run = engine.run().finally(() => {
    isOver = true
  })
  const samples: MemorySample[] = []
  const sampleEvery = requests / 50
  for (let next = sampleEvery; !isOver; ) {
    clock.advanceTo(clock.nowUs() + 100_000)
    await new Promise(setImmediate)
    if (ended < next) continue
    samples.push({ at: ended / requests, residentBytes: process.memoryUsage.rss() })
    next += sampleEvery
  }
  const { sent } = await run
  process.stdout.write(`${JSON.stringify({ requests: sent, ...memoryFigures(samples) })}\n`)
}
