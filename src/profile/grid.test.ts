import { describe, expect, test } from 'vitest'
import { type GridCase, gridCases, gridClasses, runCase } from '../testing/profileGrid.ts'

// A sample of what `npm run bench:profile` runs in full: of every class the smallest of three limits.
const sample = gridClasses.map(({ name }) => {
  const own = gridCases({ sets: 3, seeds: 1 }, 11).filter(({ of }) => of.name === name)
  return own.reduce((a, b) => (a.parameters.limit <= b.parameters.limit ? a : b))
})

function caseOf(name: string, set: number, seed: number): GridCase {
  const cases = gridCases({ sets: set + 1, seeds: 1 }, seed)
  return cases.find((each) => each.of.name === name && each.set === set)!
}

describe('the grid, in a sample', () => {
  test.each(sample.map((each) => [each.of.name, each] as const))(
    'identifies: %s',
    async (_name, each) => {
      const outcome = await runCase(each)
      expect(['right', 'tie'], outcome.said).toContain(outcome.verdict)
      expect(outcome.spanError ?? outcome.refillError ?? 0, outcome.said).toBeLessThan(0.03)
    },
  )

  // Known from a release that was hardly looked for, its length was off by 12 % once.
  test('takes the length of a window from the releases that are known best', async () => {
    const outcome = await runCase(caseOf('fixed window, clock', 7, 1))
    expect(outcome.verdict, outcome.said).toBe('right')
    expect(outcome.spanError, outcome.said).toBeLessThan(0.01)
  })

  // Each look loses some of the refill, nobody knows how much: its interval stays too wide however often it is asked.
  test('takes what is plainest of a bucket with losses, once probes tell no more', async () => {
    const outcome = await runCase(caseOf('token bucket, lossy', 6, 5))
    expect(outcome.verdict, outcome.said).toBe('right')
    expect(outcome.refillError, outcome.said).toBeLessThan(0.01)
    expect(outcome.cost).toBeLessThan(12)
  })

  // Its budget is small: waves have to be wide before it ends.
  test('finds slots that only many requests at once fill', async () => {
    const outcome = await runCase(caseOf('concurrency', 3, 13))
    expect(outcome.verdict, outcome.said).toBe('right')
  })
})
