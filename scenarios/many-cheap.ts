import { defineScenario, spaced, untilRejected } from 'limitscope'
import { cheap, free, pause } from './traffic.ts'

export const manyCheap = defineScenario('many-cheap', {
  title: 'many cheap requests, one after the other, until the request limiter says no',
  lanes: [free],
  isolate: 'window',
  mix: [cheap],
  arrivals: spaced(pause),
  until: untilRejected('requests', { plus: 5 }),
  expect: ['first(many-cheap).limiter == requests'],
})
