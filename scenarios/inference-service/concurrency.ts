import {
  burst,
  check,
  defineScenario,
  probe,
  shape,
  spaced,
  step,
  untilRequests,
  users,
} from 'limitscope'
import { caller, inference, modelsLoaded, question, serviceRunning, timeout } from './system.ts'

const once = (size: number) => ({
  arrivals: burst(size, { every: '1s', count: 1 }),
  until: untilRequests(size),
})

export const five = defineScenario('inference-service/concurrency-5', {
  title: 'five requests at once all complete: nothing says that a queue is full',
  system: inference,
  needs: [serviceRunning, modelsLoaded],
  lanes: [caller],
  mix: [question],
  timeout,
  ...once(5),
  expect: ['count(ok) == 5', 'count(limited) == 0', 'max(response) < 120s'],
})

/** Rungs of the suite's load tests; each with enough requests for a rate. */
const rungs = [1, 5, 10, 15]

export const ladder = defineScenario('inference-service/ladder', {
  title: 'more and more callers: whether the service queues, rejects, or does more at a time',
  system: inference,
  needs: [serviceRunning, modelsLoaded],
  lanes: [caller],
  timeout,
  probes: [
    probe(step.get('health-under-load', '/health', { check: [{ time: true, below: '1s' }] })),
  ],
  phases: rungs.map((count) => ({
    name: `with-${count}`,
    mix: [question],
    arrivals: users(count),
    until: untilRequests(Math.max(6, 2 * count)),
  })),
  expect: [
    'share(ok) >= 80%',
    'ladder().kind == queues',
    'ladder().slots < 1.5',
    'max(response) < 300s',
  ],
})

export const burstOfFifteen = defineScenario('inference-service/burst-15', {
  title: 'fifteen at once: each completes, or is told to come back later',
  system: inference,
  needs: [serviceRunning, modelsLoaded],
  lanes: [caller],
  mix: [question],
  timeout,
  ...once(15),
  expect: ['count(ok) + count(limited) == 15', 'count(failed) == 0', 'count(ok) >= 1'],
})

export const flood = defineScenario('inference-service/flood-50', {
  title: 'fifty at once whose callers give up after five seconds: the service lives on',
  system: inference,
  needs: [serviceRunning, modelsLoaded],
  lanes: [caller],
  mix: [question],
  timeout: '5s',
  ...once(50),
  steps: [
    step.get('health-afterwards', '/health', {
      check: [check.status(200), check.json('/status', { equals: 'ok' })],
      eventually: { within: '60s', every: '1s' },
    }),
  ],
  expect: [
    'count(ok) + count(limited) + count(timeout) == 50',
    'count(failed) == 0',
    'count(ok) >= 1',
  ],
})

const streamed = shape.chat('streamed', { promptTokens: 10, outputTokensMax: 20, stream: true })

export const steady = defineScenario('inference-service/steady', {
  title: 'ten questions one after the other, then streams and others mixed',
  system: inference,
  needs: [serviceRunning, modelsLoaded],
  lanes: [caller],
  timeout,
  phases: [
    { name: 'sequential', mix: [question], arrivals: spaced('100ms'), until: untilRequests(10) },
    {
      name: 'mixed',
      mix: [{ ...question, name: 'whole' }, streamed],
      arrivals: burst(6, { every: '1s', count: 1 }),
      until: untilRequests(6),
    },
  ],
  expect: ['count(ok){phase=sequential} >= 7', 'count(ok){phase=mixed} >= 3'],
})

const named = (name: string) => shape.chat(name, { promptTokens: 10, outputTokensMax: 20 })

export const baseline = defineScenario('inference-service/baseline', {
  title: 'three at once take less than five times as long as one',
  system: inference,
  needs: [serviceRunning, modelsLoaded],
  lanes: [caller],
  timeout,
  phases: [
    { name: 'alone', mix: [named('alone')], arrivals: users(1), until: untilRequests(5) },
    { name: 'three', mix: [named('three')], ...once(3) },
  ],
  expect: ['share(ok) == 100%', 'mean(response){shape=three} < 5 * mean(response){shape=alone}'],
})
