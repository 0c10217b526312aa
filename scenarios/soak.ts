import { defineScenario, poisson } from 'limitscope'
import { cheap, free } from './traffic.ts'

export const soak = defineScenario('soak', {
  title: 'a steady load well below the limits, for as long as you like (SOAK_DURATION)',
  lanes: [free],
  isolate: 'window',
  mix: [cheap],
  arrivals: poisson('2/s'),
  warmup: '2s',
  measure: process.env.SOAK_DURATION ?? '30s',
  expect: ['share(ok) == 100%', 'p50(response) < 1s'],
})
