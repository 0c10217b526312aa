import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { phase, plan, scenario } from '../testing/simulate.ts'
import { ownerOf, planShare, sharingProblem } from './share.ts'

describe('engines that share a plan', () => {
  test('own every request between them, each just one, and keep lanes whole where they can', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 }), (lanes, of) => {
        const owners = Array.from({ length: 200 }, (_, i) => ownerOf(i, lanes, of))
        expect(owners.every((owner) => owner >= 0 && owner < of)).toBe(true)
        expect(new Set(owners).size).toBe(of)
        if (lanes < of) return
        for (const [i, owner] of owners.entries()) expect(owner).toBe(owners[i % lanes])
      }),
    )
  })

  test('send together just as many as one would, whatever the process, rule and cap', () => {
    const process = fc.constantFrom(
      { kind: 'constant', perS: 100 } as const,
      { kind: 'poisson', perS: 300 } as const,
      { kind: 'users', count: 5, thinkUs: 0 } as const,
      { kind: 'users', count: 64, thinkUs: 0 } as const,
    )
    fc.assert(
      fc.property(
        process,
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 2, max: 5 }),
        fc.constantFrom(0, 200_000),
        (arrivals, count, of, warmupUs) => {
          const until = [{ kind: 'requests', count } as const]
          const whole = plan({
            scenarios: [scenario('s', phase({ arrivals, until, warmupUs, lanes: ['free'] }))],
            caps: { requestsMax: 10_000, ratePerSMax: 10, durationUsMax: null, tokensMax: 77 },
          })
          const parts = Array.from({ length: of }, (_, index) => planShare(whole, { index, of }))
          const counts = parts.map(({ scenarios }) => scenarios[0]!.phases[0]!.until[0]!)
          const sum = (values: readonly (number | null)[]) =>
            values.reduce<number>((all, value) => all + value!, 0)
          expect(sum(counts.map((rule) => (rule.kind === 'requests' ? rule.count : 0)))).toBe(count)
          expect(sum(parts.map(({ caps }) => caps.tokensMax))).toBe(77)
          expect(sum(parts.map(({ caps }) => caps.ratePerSMax))).toBeCloseTo(10)
        },
      ),
    )
  })

  test('cannot share what only the whole of the traffic tells', () => {
    const until = [{ kind: 'rejected', limiter: '*', plus: 0 } as const]
    const byRejection = plan({ scenarios: [scenario('s', phase({ until }))] })
    expect(sharingProblem(byRejection, 2)).toMatch(/s\/phase ends by what all its requests come to/)
    const isolated = plan({ scenarios: [scenario('s', phase({ isolate: 'window' }))] })
    expect(sharingProblem(isolated, 2)).toMatch(/waits for clean windows of 1 lanes/)
    expect(sharingProblem(plan({ scenarios: [scenario('s', phase({}))] }), 2)).toBe(null)
  })
})
