import { defineScenario, spaced, untilAdmitted, untilRequests } from 'limitscope'
import {
  burstCount,
  burstFree,
  burstSleep,
  cheap,
  free,
  maas,
  needsFree,
  setupFree,
} from './system.ts'

export const requestBurst = defineScenario('maas/request-burst', {
  title: 'N = burst + 5 cheap calls: as many pass as may, then the request limiter says 429',
  system: maas,
  needs: needsFree,
  setup: setupFree,
  lanes: [free],
  phases: [
    {
      name: 'burst',
      isolate: 'window',
      mix: [cheap],
      arrivals: spaced(burstSleep),
      until: untilRequests(burstCount),
    },
    // One call after the other until one passes: how long the window really is.
    { name: 'recovery', mix: [cheap], arrivals: spaced('200ms'), until: untilAdmitted() },
  ],
  expect: [
    `count(ok){phase=burst} >= ${burstFree}`,
    'count(limited){phase=burst} >= 1',
    'first(burst).limiter == requests',
    `first(burst).admitted == ${burstFree}`,
    'first(burst).status == 429',
    'limit(requests).overshoot == 0',
    'count(refused) == 0',
    'limit(requests).window >= {{request_window}}',
    'limit(requests).window <= 1.25 * {{request_window}}',
  ],
})
