import { describe, expect, test } from 'vitest'
import { classes } from './classes.ts'
import type { Contest } from './contest.ts'
import { exactFit } from './fit.ts'
import { Interruptions } from './interruptions.ts'
import { verdictsOf } from './judging.ts'
import type { Observation } from './observation.ts'
import type { Weighed } from './posterior.ts'
import type { Session } from './session.ts'
import type { Subject } from './subject.ts'
import { traceOf } from './trace.ts'

const window = classes.find(({ id }) => id === 'window-first')!
const fit = exactFit(window, { limit: 20, spanUs: 1e6, phaseUs: 0, step: 1 })
const leaving = (mismatches: number): Weighed[] => [{ fit: { ...fit, mismatches }, odds: 1 }]

/** A window of a second that explained the first three of these. */
function interrupted(
  outcomes: readonly (readonly ['ok' | 'limited', us: number])[],
  { explained = 3, from = (_observed: number) => {} } = {},
) {
  const observations = outcomes.map(([outcome, us]) => observation(outcome, us))
  const session = { nowUs: observations.at(-1)!.receivedUs, observations, note: () => {} }
  const subject = {
    observations,
    observed: observations.length,
    trace: traceOf(observations, verdictsOf(observations, new Set()), () => 1),
    pace: { gapUs: 1_000, cost: 1 },
    isAmongOthers: false,
    interrupted: from,
  }
  const interruptions = new Interruptions(
    session as unknown as Session,
    subject as unknown as Subject,
    { resume: () => {} } as unknown as Contest,
  )
  interruptions.explained({ weighed: leaving(0), observed: explained })
  return interruptions
}

function observation(outcome: 'ok' | 'limited', us: number): Observation {
  const status = outcome === 'ok' ? 200 : 429
  return { outcome, status, sentUs: us, receivedUs: us + 1_000 } as Observation
}

const before = [
  ['ok', 0],
  ['limited', 500_000],
  ['ok', 1_000_000],
] as const

describe('a slower limiter', () => {
  test('may have interrupted when it is denied what would pass, and not when more passes than before', () => {
    const denied = [...before, ['limited', 2_100_000], ['limited', 2_200_000]] as const
    expect(interrupted(denied).isInterrupted(leaving(4))).toBe(false)
    expect(interrupted(denied).mayBeInterrupted(leaving(4))).toBe(true)
    expect(interrupted(denied).mayBeInterrupted(leaving(3))).toBe(false)
    const more = Array.from({ length: 30 }, (_, i) => ['ok', 2_100_000 + 2_000 * i] as const)
    const raised = [...before, ...more, ['limited', 2_170_000]] as const
    expect(interrupted(raised).mayBeInterrupted(leaving(4))).toBe(false)
  })

  test('has interrupted when denials outlast a recovery, also if something has passed since', () => {
    const denied = [...before, ['limited', 2_000_000], ['limited', 2_600_000]] as const
    for (const outcomes of [denied, [...denied, ['ok', 9_000_000]] as const]) {
      const interruptions = interrupted(outcomes)
      expect(interruptions.isInterrupted(leaving(4))).toBe(true)
      expect(interruptions.isInterrupted(leaving(3))).toBe(false)
    }
  })
  test('began with the last wave of which something passed, though one class explained more', async () => {
    const wave = [
      ['limited', 2_000_000],
      ['ok', 2_000_000],
    ] as const
    const denied = [
      ['limited', 2_010_000],
      ['limited', 4_000_000],
      ['ok', 9_000_000],
    ] as const
    const froms: number[] = []
    const outcomes = [...before, ...wave, ...denied]
    const interruptions = interrupted(outcomes, {
      explained: 6,
      from: (observed) => froms.push(observed),
    })
    expect(interruptions.isInterrupted(leaving(4))).toBe(true)
    expect(await interruptions.outlast()).toBe(true)
    expect(froms).toEqual([3])
  })
})
