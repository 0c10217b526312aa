import { describe, expect, test } from 'vitest'
import { freshState, type State, take } from '../limiters/limiter.ts'
import { fixedWindow, limiter } from '../limiters/models.ts'
import { blankObservation } from '../testing/profiledLimiters.ts'
import { Contest } from './contest.ts'
import { verdictsOf } from './judging.ts'
import type { Observation } from './observation.ts'
import { traceOf } from './trace.ts'

const windowUs = 1e6
const tripUs = 1_000

/** A window of 12 requests, asked at some instants, a request after the other. */
class Asked {
  readonly #model = limiter(fixedWindow(12, windowUs))
  readonly #observations: Observation[] = []
  #state: State = freshState(this.#model)

  constructor(stretches: readonly (readonly [us: number, requests: number])[]) {
    for (const [us, requests] of stretches) this.ask(us, requests)
  }

  ask(us: number, requests: number): void {
    for (let i = 0; i < requests; i++) this.#ask(us + i * tripUs)
  }

  /** Lets requests pass that it would deny. */
  pass(us: number, requests: number): void {
    for (let i = 0; i < requests; i++) this.#answer(us + i * tripUs, true)
  }

  #ask(us: number): void {
    const [decision, next] = take(this.#model, this.#state, 1, us + tripUs / 2)
    this.#state = next
    this.#answer(us, decision.kind === 'allowed')
  }

  #answer(us: number, isAllowed: boolean): void {
    const [outcome, status] = isAllowed ? (['ok', 200] as const) : (['limited', 429] as const)
    const seq = this.#observations.length
    const times = { sentUs: us, receivedUs: us + tripUs }
    this.#observations.push({ ...blankObservation, seq, ...times, outcome, status })
  }

  get trace() {
    return traceOf(this.#observations, verdictsOf(this.#observations, new Set()), () => 1)
  }
}

/** Used up; denied until late; used up again; released within the stretch that is given. */
const seen = (deniedUs: number, releasedUs: number) =>
  new Asked([
    [0, 13],
    [deniedUs, 1],
    [releasedUs, 13],
    [releasedUs + deniedUs, 1],
    [releasedUs + releasedUs, 1],
  ])

/** All of it is asked for once more, after what was seen. */
function spentAgain(asked: Asked, us: number) {
  const contest = new Contest({ mayBeLossy: false, mayChargeAfter: false, sinceUs: 0, seed: 1 })
  const before = contest.weigh(asked.trace)
  asked.ask(us, 13)
  contest.spent(before, asked.trace, 12)
  const after = contest.weigh(asked.trace)
  contest.answered(before)
  return { contest, after }
}

describe('a whole limit was foretold', () => {
  test('by what knew beforehand what would come', () => {
    const { contest, after } = spentAgain(seen(990e3, 1_005e3), 4e6)
    expect(after[0]!.fit.best.limit).toBe(12)
    expect(contest.hasForetold).toBe(true)
  })

  test('not by what took anything for possible', () => {
    const { contest } = spentAgain(seen(400e3, 1_500e3), 12e6)
    expect(contest.hasForetold).toBe(false)
  })

  test('nor by what has been refuted since', () => {
    const asked = seen(990e3, 1_005e3)
    const { contest, after } = spentAgain(asked, 4e6)
    expect(contest.hasForetold).toBe(true)
    asked.pass(4.1e6, 30)
    contest.weigh(asked.trace)
    contest.answered(after)
    expect(contest.hasForetold).toBe(false)
  })
})
