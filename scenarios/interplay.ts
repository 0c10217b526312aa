import { defineScenario, spaced, untilRejected } from 'limitscope'
import { cheap, expensive, free, pause } from './traffic.ts'

export const interplay = defineScenario('interplay', {
  title: 'which limiter fires first: both shapes, each on clean windows',
  lanes: [free],
  phases: [
    {
      name: 'cheap-first',
      isolate: 'window',
      mix: [cheap],
      arrivals: spaced(pause),
      until: untilRejected('*', { plus: 3 }),
    },
    {
      name: 'expensive-first',
      isolate: 'window',
      mix: [expensive],
      arrivals: spaced('0ms'),
      until: untilRejected('*', { plus: 3 }),
    },
  ],
  expect: ['first(cheap-first).limiter == requests', 'first(expensive-first).limiter == tokens'],
})
