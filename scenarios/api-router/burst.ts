import {
  burst,
  check,
  constant,
  defineScenario,
  documented,
  poisson,
  spaced,
  untilAdmitted,
} from 'limitscope'
import { apiRouter, burstSize, chat, chatShape, needsRouter, organisation, rps } from './system.ts'

export const burstOfOrganisation = defineScenario('api-router/burst', {
  title:
    'a burst of one organisation: its bucket lets its size through, and 429 says what there is',
  system: apiRouter,
  needs: needsRouter,
  lanes: [organisation('burst')],
  setup: [
    chat('advertised', {
      lane: organisation('asking'),
      check: [check.status(200), check.header('x-ratelimit-limit', { equals: String(burstSize) })],
    }),
  ],
  phases: [
    {
      name: 'burst',
      mix: [chatShape('burst')],
      arrivals: burst(Math.ceil(burstSize * 1.25), { count: 1 }),
    },
    {
      name: 'recovery',
      mix: [chatShape('recovery')],
      arrivals: spaced('20ms'),
      until: untilAdmitted(),
    },
  ],
  expect: [
    `count(ok){phase=burst} >= ${burstSize}`,
    // What is refilled while the burst comes in passes, too.
    `count(ok){phase=burst} <= ${Math.ceil(burstSize * 1.2)}`,
    'first(burst).limiter == requests',
    'first(burst).status == 429',
    'count(failed) == 0',
    documented('limit(requests).retry_error >= -100ms', {
      actual: 'limit(requests).retry_error < -100ms',
      note: `Retry-After is 1 s although the next token is ${1000 / rps} ms away: it is rounded to whole seconds twice, and then raised to one`,
    }),
  ],
})

const overload = 2 * rps

export const sustained = defineScenario('api-router/sustained', {
  title:
    'twice the rate that is allowed: a bucket goes on giving its rate, one that forgets gives nothing',
  system: apiRouter,
  needs: needsRouter,
  phases: [
    {
      name: 'emptied',
      lanes: [organisation('even')],
      mix: [chatShape('emptied')],
      arrivals: burst(Math.ceil(burstSize * 1.25), { count: 1 }),
    },
    {
      name: 'even',
      lanes: [organisation('even')],
      mix: [chatShape('even')],
      arrivals: constant(`${overload}/s`),
      measure: '5s',
    },
    {
      name: 'emptied-again',
      lanes: [organisation('random')],
      mix: [chatShape('emptied-again')],
      arrivals: burst(Math.ceil(burstSize * 1.25), { count: 1 }),
    },
    {
      name: 'random',
      lanes: [organisation('random')],
      mix: [chatShape('random')],
      arrivals: poisson(`${overload}/s`),
      measure: '5s',
    },
  ],
  expect: [
    documented(`rate(ok){phase=even} >= ${Math.floor(0.9 * rps)}/s`, {
      actual: `rate(ok){phase=even} < ${0.5 * rps}/s`,
      note: 'the script forgets the fraction of a token at every request: evenly spaced overload is let through no more',
    }),
    documented(`rate(ok){phase=random} >= ${Math.floor(0.9 * rps)}/s`, {
      actual: `rate(ok){phase=random} < ${0.4 * rps}/s`,
      note: 'λ·e^(−λτ) / (1 − e^(−λτ)) with τ = 1/rate: a third of it at twice the rate',
    }),
    `rate(ok){phase=even} <= ${Math.ceil(1.1 * rps)}/s`,
  ],
})
