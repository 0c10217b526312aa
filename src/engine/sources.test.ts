import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../core/clock.ts'
import type { OpenArrivals } from '../load/arrivals.ts'
import { ArrivalShape } from './arrivalShape.ts'
import type { PhaseRun } from './phaseRun.ts'
import { sourceOf } from './sources.ts'

/** What was offered at each wake-up of a source that stood still from 0 to `stillUs`. */
function offersAfter(arrivals: OpenArrivals, stillUs: number): number[][] {
  const clock = new VirtualClock(stillUs)
  const endUs = 2 * stillUs
  let offered: number[] = []
  const run = {
    startUs: 0,
    endUs,
    isWithin: (us: number) => us < endUs,
    offer: (us: number) => offered.push(us) > 0,
    stop() {},
    checkStop() {},
  } as unknown as PhaseRun
  const shape = new ArrivalShape()
  const parts = { run, clock, seed: 1, gapUsMin: 0, owns: () => true, shape, saturate: null }
  const wakeUps: number[][] = []
  const source = sourceOf(arrivals, {
    ...parts,
    clock: {
      nowUs: () => clock.nowUs(),
      soon: (next) => clock.soon(next),
      at(us, next) {
        wakeUps.push(offered)
        offered = []
        return clock.at(us, next)
      },
    },
  })
  source.start()
  clock.advanceTo(stillUs)
  return wakeUps
}

describe('an open source that was kept from sending', () => {
  test('sends all that is due, in order and at once but for looks in between', () => {
    const wakeUps = offersAfter({ kind: 'constant', perS: 1000 }, 100_000)
    expect(wakeUps.map((offers) => offers.length)).toEqual([24, 24, 24, 24, 5])
    expect(wakeUps.flat()).toEqual(Array.from({ length: 101 }, (_, i) => i * 1000))
  })

  test('does not part requests of one instant', () => {
    const burst = { kind: 'burst', size: 100, everyUs: 50_000, count: null } as const
    const wakeUps = offersAfter(burst, 100_000)
    expect(wakeUps.map((offers) => offers.length)).toEqual([100, 100, 100])
  })
})
