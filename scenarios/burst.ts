import { burst, defineScenario, untilRequests } from 'limitscope'
import { cheap, free } from './traffic.ts'

const size = Number(process.env.RATE_LIMIT_BURST_FREE ?? 40) + 5

export const burstAtOnce = defineScenario('burst', {
  title: `${size} cheap requests at the same instant: five more than the limit`,
  lanes: [free],
  isolate: 'window',
  mix: [cheap],
  arrivals: burst(size, { every: '1s', count: 1 }),
  until: untilRequests(size),
  expect: ['first(burst).limiter == requests', 'count(limited) >= 1'],
})
