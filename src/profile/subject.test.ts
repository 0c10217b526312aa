import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../core/clock.ts'
import { blankObservation } from '../testing/profiledLimiters.ts'
import type { Observation, Prober } from './observation.ts'
import { Session } from './session.ts'
import { Subject } from './subject.ts'

const budget = { requestsMax: 100, tokensMax: null, durationUsMax: 3_600e6 }
const request = { shape: 'tiny', lane: 'lane' }

/** A target that answers with these statuses, one after the other. */
function subjectOf(statuses: readonly number[]): Subject {
  const clock = new VirtualClock(0)
  let seq = 0
  const send = async (): Promise<Observation> => {
    const status = statuses[seq]!
    const outcome = status < 400 ? 'ok' : status === 429 ? 'limited' : 'failed'
    const sentUs = 1_000 * seq
    return { ...blankObservation, seq: seq++, status, outcome, sentUs, receivedUs: sentUs + 500 }
  }
  const estimate = { promptTokens: 8, completionTokens: 16, usd: 0 }
  const prober: Prober = {
    clock,
    epochUnixMs: 0,
    shapes: [{ name: 'tiny', estimate }],
    lanes: [{ name: 'lane', differsIn: null }],
    send,
  }
  const session = new Session(prober, { target: 'virtual', seed: 1, budget })
  return new Subject(session, { request, costOf: () => 1, from: 0 })
}

/** Whether the last of `before`, an error, is a denial by what comes after it; and how often it was asked. */
async function isDenied(before: readonly number[], after: readonly number[]) {
  const subject = subjectOf([...before, ...after])
  for (const _ of before) await subject.send()
  const isDenial = await subject.isDenied(subject.observations.at(-1)!)
  return { isDenial, asked: subject.observations.length - before.length }
}

describe('an error is a denial', () => {
  test('if two more follow it', async () => {
    expect(await isDenied([200, 503], [503, 503])).toEqual({ isDenial: true, asked: 2 })
    expect(await isDenied([200, 503], [503, 200])).toEqual({ isDenial: false, asked: 2 })
  })

  test('if five more follow it, where others were gone with the next request', async () => {
    const before = [200, 500, 200, 503]
    expect(await isDenied(before, [503, 503, 503, 503, 200])).toEqual({ isDenial: false, asked: 5 })
    expect(await isDenied(before, [503, 503, 503, 503, 503])).toEqual({ isDenial: true, asked: 5 })
  })

  test('only if those that follow are alike', async () => {
    expect(await isDenied([200, 503], [503, 500])).toEqual({ isDenial: false, asked: 2 })
  })

  test('at once if the next is a 429', async () => {
    expect(await isDenied([200, 429], [429])).toEqual({ isDenial: true, asked: 1 })
  })
})
