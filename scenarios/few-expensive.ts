import { defineScenario, spaced, untilRejected } from 'limitscope'
import { expensive, free } from './traffic.ts'

export const fewExpensive = defineScenario('few-expensive', {
  title: 'few expensive requests, one after the other, until the token limiter says no',
  lanes: [free],
  isolate: 'window',
  mix: [expensive],
  arrivals: spaced('0ms'),
  until: untilRejected('tokens', { plus: 5 }),
  expect: ['first(few-expensive).limiter == tokens'],
})
