import { defineScenario, spaced, untilRequests } from 'limitscope'
import { cheap, free, pause, premium } from './traffic.ts'

export const tiers = defineScenario('tiers', {
  title: 'the same load on both tiers: premium is never worse than free',
  lanes: [free, premium],
  isolate: 'window',
  mix: [cheap],
  arrivals: spaced(pause, { concurrency: 2 }),
  until: untilRequests(100),
  expect: [
    'share(ok){lane=premium} >= share(ok){lane=free}',
    'count(limited){lane=premium} <= count(limited){lane=free}',
  ],
})
