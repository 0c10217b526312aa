import { defineScenario, spaced, untilRejected } from 'limitscope'
import {
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

const few = { name: 'few', isolate: 'window', arrivals: spaced('0ms') } as const

export const fewExpensive = defineScenario('maas/token-few-expensive', {
  title: 'a few calls with many tokens each: the token limiter says 429, requests are left',
  system: maas,
  needs: needsFree,
  setup: setupFree,
  lanes: [free],
  phases: [{ ...few, mix: [expensive], until: untilRejected('*', { plus: 1 }) }],
  expect: [
    'count(ok) >= 1',
    'count(limited) >= 1',
    'first(few).limiter == tokens',
    'first(few).status == 429',
    // The call that crosses the limit is served as a whole: charged after it, not before.
    'limit(tokens).overshoot > 0',
    'tokens(ok) > 0',
  ],
})

export const fewExpensivePremium = defineScenario('maas/token-few-expensive-premium', {
  title: 'the same for premium, with calls as large as its limit asks for',
  system: maas,
  needs: needsPremium,
  setup: setupPremium,
  lanes: [premium],
  phases: [{ ...few, mix: [expensivePremium], until: untilRejected('*', { plus: 1 }) }],
  expect: ['count(ok) >= 1', 'first(few).limiter == tokens', 'limit(tokens).overshoot > 0'],
})
