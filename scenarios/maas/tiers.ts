import { defineScenario, spaced, untilRequests } from 'limitscope'
import {
  burstFree,
  burstPremium,
  burstSleep,
  cheap,
  free,
  maas,
  needsPremium,
  premium,
  setupPremium,
} from './system.ts'

const burst = {
  isolate: 'window' as const,
  mix: [cheap],
  arrivals: spaced(burstSleep),
  until: untilRequests(Math.max(burstFree, burstPremium) + 5),
}

export const tiers = defineScenario('maas/tiers', {
  title: 'premium is not more restricted than free: the same burst on both, free first',
  system: maas,
  needs: needsPremium,
  setup: setupPremium,
  phases: [
    { name: 'free', lanes: [free], ...burst },
    { name: 'premium', lanes: [premium], ...burst },
  ],
  expect: [
    'count(ok){lane=premium} >= count(ok){lane=free}',
    'count(limited) >= 1',
    'count(limited) == count(limited){lane=free} + count(limited){lane=premium}',
    'count(failed) == 0',
  ],
})
