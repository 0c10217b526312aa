import { describe, expect, test } from 'vitest'
import { criteriaOf, isCriterion } from './criteria.ts'

const shares = { rejectionsMax: 0.02, failuresMax: 0.01 }

describe('criteria of a search', () => {
  test('are budgets: a quantile may be broken by the rest, with rejections and failures beside', () => {
    const [latency, rejections, failures, ...more] = criteriaOf(
      ['p99(ttft){shape=chat, lane=free} < 800ms'],
      shares,
    )
    expect(latency).toEqual({
      name: 'p99(ttft){shape=chat, lane=free} < 800ms',
      kind: 'latency',
      budget: 0.01,
      about: { outcomes: ['ok'], shape: 'chat', lane: 'free' },
      broken: { measure: 'ttft', aboveUs: 800_000 },
    })
    expect([rejections!.kind, rejections!.budget]).toEqual(['rejections', 0.02])
    expect([failures!.kind, failures!.budget]).toEqual(['failures', 0.01])
    expect(more).toEqual([])
  })

  test('take shares as they are told, instead of the defaults', () => {
    const told = criteriaOf(['share(limited) < 5%', 'share(failed) <= 1%'], shares)
    expect(told.map(({ kind, budget }) => [kind, budget])).toEqual([
      ['rejections', 0.05],
      ['failures', 0.01],
    ])
    const [ok, ...others] = criteriaOf(['share(ok) > 99%'], shares)
    expect(ok!.budget).toBeCloseTo(0.01)
    expect(others).toEqual([])
  })

  test.each([
    ['p95(response) < 300ms', true],
    ['share(limited) < 5%', true],
    ['max(response) < 1s', false],
    ['p95(response) > 300ms', false],
    ['first(one).limiter == requests', false],
    ['share(limited) < 0%', false],
    ['nonsense', false],
  ])('%s: %s', (statement, is) => {
    expect(isCriterion(statement)).toBe(is)
  })
})
