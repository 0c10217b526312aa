import { defineScenario, type ShapeInput, spaced, untilRejected } from 'limitscope'
import {
  burstFree,
  burstPremium,
  burstSleep,
  cheap,
  expensive,
  expensivePremium,
  free,
  maas,
  needsFree,
  needsPremium,
  premium,
  setupFree,
  setupPremium,
} from './system.ts'

/** Both shapes, each on clean windows; the first rejection of each tells its limiter. */
const phasesOf = (large: ShapeInput) => [
  {
    name: 'many-cheap',
    isolate: 'window' as const,
    mix: [cheap],
    arrivals: spaced(burstSleep),
    until: untilRejected('*', { plus: 2 }),
  },
  {
    name: 'few-expensive',
    isolate: 'window' as const,
    mix: [large],
    arrivals: spaced('0ms'),
    until: untilRejected('*', { plus: 1 }),
  },
]

const expect = (burst: number) => [
  'first(many-cheap).limiter == requests',
  `first(many-cheap).admitted == ${burst}`,
  'first(few-expensive).limiter == tokens',
  `first(few-expensive).admitted < ${burst}`,
]

export const interplay = defineScenario('maas/interplay', {
  title: 'which limiter fires first: many cheap calls meet one, few expensive ones the other',
  system: maas,
  needs: needsFree,
  setup: setupFree,
  lanes: [free],
  phases: phasesOf(expensive),
  expect: expect(burstFree),
})

export const interplayPremium = defineScenario('maas/interplay-premium', {
  title: 'the same for premium',
  system: maas,
  needs: needsPremium,
  setup: setupPremium,
  lanes: [premium],
  phases: phasesOf(expensivePremium),
  expect: expect(burstPremium),
})
