// For tests: profiles at some of their instants.

import type { Observation } from '../../profile/observation.ts'
import type { ProfileWatch } from './watch.ts'
import { ProfileFold } from './watch.ts'

const budget = { requestsMax: 2_000, tokensMax: null, durationUsMax: 600e6 }

function fold(nowUs: number): ProfileFold {
  return new ProfileFold({ target: 'http://127.0.0.1:8080/api', budget, nowUs: () => nowUs })
}

function observed(outcome: Observation['outcome'], seq: number): Observation {
  return {
    seq,
    shape: 'request',
    lane: '1',
    sentUs: seq * 1000,
    receivedUs: seq * 1000 + 500,
    outcome,
    status: outcome === 'ok' ? 200 : 429,
    cost: null,
    limiter: null,
    unit: null,
    retryAfterUs: null,
    signals: [],
  }
}

/** Nothing has happened. */
export const untouched: ProfileWatch = fold(200_000).watch()

/** Two algorithms are left; one limiter has been found before. */
export function undecided(): ProfileWatch {
  const profile = fold(23.817e6)
  for (let i = 0; i < 70; i++) {
    const outcome = i % 30 < 24 ? 'ok' : 'limited'
    profile.add({ kind: 'observation', observation: observed(outcome, i) })
  }
  profile.add({ kind: 'note', atUs: 1_204_000, text: 'advertised: requests 60 per 1m' })
  profile.add({ kind: 'note', atUs: 12_000_000, text: 'foretold 60 of 60, and 60 of 60 passed' })
  profile.add({
    kind: 'snapshot',
    snapshot: {
      stage: 'tell apart',
      limiter: 'requests',
      spent: { requests: 70, tokens: 0, elapsedUs: 23.8e6 },
      found: ['concurrency: 4 in flight'],
      hypotheses: [
        {
          title: 'fixed window from the first request',
          algorithm: 'fixed-window',
          odds: 0.9312,
          intervals: { windowMs: [59_900, 60_100], limit: [60, 60] },
        },
        {
          title: 'sliding log',
          algorithm: 'sliding-log',
          odds: 0.0688,
          intervals: { limit: [60, 60], windowMs: [59_000, 61_000] },
        },
      ],
      next: {
        what: 'two clumps, 0.4 windows apart',
        why: 'fixed window and sliding log disagree about it',
        requestsExpected: 61,
        waitUs: 12_300_000,
      },
    },
  })
  return profile.watch()
}
