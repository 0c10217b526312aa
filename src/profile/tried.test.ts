import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixedWindow } from '../limiters/models.ts'
import type { TraceGroup } from './trace.ts'
import { Tried } from './tried.ts'
import { mismatches } from './worlds.ts'

const group = fc.record({
  gapUs: fc.integer({ min: 0, max: 60_000 }),
  passed: fc.integer({ min: 0, max: 2 }),
  denied: fc.integer({ min: 0, max: 2 }),
  lost: fc.integer({ min: 0, max: 1 }),
})

function traceOf(
  groups: readonly { gapUs: number; passed: number; denied: number; lost: number }[],
) {
  let us = 0
  return groups.map(({ gapUs, passed, denied, lost }): TraceGroup => {
    const fromUs = us + gapUs
    us = fromUs + 5_000
    return { fromUs, toUs: us, deniedFromUs: fromUs, cost: 1, passed, denied, lost, unclear: 0 }
  })
}

const hypotheses = [2, 3].flatMap((limit) =>
  [80_000, 120_000].map((windowUs) => ({
    algorithm: fixedWindow(limit, windowUs),
    chargesRejected: false,
    phaseUs: 0,
  })),
)

test('what is known of a hypothesis is what it comes to when it is played anew, whatever was seen since', () => {
  fc.assert(
    fc.property(
      fc.array(group, { minLength: 1, maxLength: 30 }),
      fc.array(fc.record({ until: fc.nat(), most: fc.nat(4), changed: fc.nat() }), {
        maxLength: 8,
      }),
      (groups, turns) => {
        const all = traceOf(groups)
        const tried = new Tried()
        for (const { until, most, changed } of turns) {
          // A trace grows, and now and then something in it is seen in another light.
          const at = changed % (2 * all.length)
          if (at < all.length) all[at] = { ...all[at]!, toUs: all[at]!.toUs + 1 }
          const trace = all.slice(0, 1 + (until % all.length))
          tried.turnTo(trace)
          for (const hypothesis of hypotheses) {
            const count = mismatches(hypothesis, trace)
            const known = tried.mismatches(hypothesis, most)
            expect(count > most ? known > most : known === count).toBe(true)
            expect(known).toBeLessThanOrEqual(count)
          }
        }
      },
    ),
  )
})
