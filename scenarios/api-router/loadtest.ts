import {
  constant,
  defineScenario,
  documented,
  needs,
  shape,
  spaced,
  untilRequests,
} from 'limitscope'
import { apiRouter, chatShape, needsRouter, organisation, portForward } from './system.ts'

/** Share of the durations of scripts/loadtest.sh; the embedded router is loaded for a tenth. */
const scale = Number(process.env.LOADTEST_SCALE ?? (process.env.API_ROUTER_URL ? 1 : 0.1))
const span = (seconds: number) => `${Math.round(seconds * scale * 1000)}ms`

const phase = (name: string, rate: number, seconds: number) => ({
  name,
  lanes: [organisation(name)],
  mix: [chatShape(name)],
  arrivals: constant(`${rate}/s`),
  measure: span(seconds),
})

export const loadtest = defineScenario('api-router/loadtest', {
  title: 'baseline, peak, burst, rate limit and budget, with the service level of the load test',
  system: apiRouter,
  needs: needsRouter,
  phases: [
    phase('baseline', 100, 60),
    phase('peak', 1000, 60),
    phase('storm', 2000, 30),
    phase('rate-limit', 500, 30),
    { ...phase('exhausted-budget', 100, 30) },
  ],
  slo: [
    'p95(response){shape=baseline} <= 3s',
    'p50(response){shape=peak} <= 3s',
    'max(response){shape=storm} <= 5s',
    'share(failed) < 1%',
    'share(timeout) < 1%',
    'count(broken) == 0',
  ],
  expect: [
    documented('share(ok){phase=baseline} >= 99%', {
      actual: 'share(ok){phase=baseline} < 99%',
      note: 'at the very rate that is allowed, a gap that is a little short gives no token: about half is let through',
    }),
    'first(rate-limit).limiter == requests',
    'count(limited){phase=peak} > 0',
    'count(ok){phase=exhausted-budget} == 0',
    'first(exhausted-budget).limiter == budget',
  ],
})

const direct = shape.chat('direct', {
  path: '{{backend}}/v1/chat/completions',
  promptTokens: 8,
  outputTokensMax: 5,
})

/** What the router adds to the answers of its backend, by the same chat with and without it. */
export const overhead = defineScenario('api-router/overhead', {
  title: 'what the router adds to its backend, and ten at a time at the backend itself',
  system: apiRouter,
  needs: [needs.env('VLLM_BACKEND_URL', { always: true, remedy: portForward }), ...needsRouter],
  lanes: [organisation('overhead')],
  phases: [
    {
      name: 'routed',
      mix: [chatShape('routed', 5)],
      arrivals: spaced('20ms'),
      until: untilRequests(100),
    },
    { name: 'direct', mix: [direct], arrivals: spaced('20ms'), until: untilRequests(100) },
    {
      name: 'stress',
      mix: [{ ...direct, name: 'stress' }],
      arrivals: spaced('0ms', { concurrency: 10 }),
      until: untilRequests(10),
    },
  ],
  expect: [
    'p50(service){shape=routed} - p50(service){shape=direct} <= 150ms',
    'p90(service){shape=routed} - p90(service){shape=direct} <= 400ms',
    'share(ok){phase=stress} >= 50%',
  ],
})
