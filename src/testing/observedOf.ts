// For tests: what a limiter answers to requests that come one after the other, some of them while our own
// process stands still.

import type { LimiterAlgorithm } from '../core/limits.ts'
import { randomStream, uniformAt } from '../core/random.ts'
import { freshState, type State, take } from '../limiters/limiter.ts'
import { limiter } from '../limiters/models.ts'
import type { Observation } from '../profile/observation.ts'
import { blankObservation } from './profiledLimiters.ts'

const requests = 150

/** An answer that did not come by then is lost; its request arrived all the same. */
const timeoutUs = 50_000

/** One request after the other, some after a pause; of so many the answer is lost. */
export function observedOf(
  algorithm: LimiterAlgorithm,
  chargesRejected: boolean,
  seed: number,
  lostShare = 0,
): readonly Observation[] {
  const model = limiter(algorithm, { chargesRejected })
  const random = randomStream(seed, 'observed')
  let draws = 0
  const draw = () => uniformAt(random, draws++)
  const observations: Observation[] = []
  let state: State = freshState(model)
  let us = 1_000_000
  for (let i = 0; i < requests; i++) {
    us += draw() < 0.15 ? Math.round(draw() * 150_000) : 0
    const isLost = lostShare > 0 && draw() < lostShare
    const stallUs = draw() < 0.1 && !isLost ? draw() * 180_000 : 0
    const tripUs = Math.round(400 + draw() * 2_000 + stallUs)
    const [decision, next] = take(model, state, 1, us + Math.round(draw() * tripUs))
    state = next
    const isAllowed = decision.kind === 'allowed'
    const [outcome, status] = isAllowed ? (['ok', 200] as const) : (['limited', 429] as const)
    const spanUs = isLost ? timeoutUs : tripUs
    const times = { sentUs: us, receivedUs: us + spanUs }
    const answer = isLost ? {} : { outcome, status }
    observations.push({ ...blankObservation, seq: i, ...times, ...answer })
    us += spanUs
  }
  return observations
}
