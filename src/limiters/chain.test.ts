import { describe, expect, test } from 'vitest'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import { LimiterChain } from './chain.ts'
import { concurrency, fixedWindow, limiter } from './models.ts'

const cost = (tokens: number): RequestCost => ({
  promptTokens: 0,
  completionTokens: tokens,
  usd: 0,
})
const minute = 60e6

const requests = (limit: number): NamedLimiter => ({
  name: 'requests',
  model: limiter(fixedWindow(limit, minute)),
})
const tokens = (limit: number, charge: 'pre' | 'post' | 'reserve'): NamedLimiter => ({
  name: 'tokens',
  model: limiter(fixedWindow(limit, minute), { unit: 'tokens', charge }),
})

const denier = (admission: { decisions: readonly { limiter: NamedLimiter }[]; outcome: string }) =>
  admission.outcome === 'denied' ? admission.decisions.at(-1)!.limiter.name : admission.outcome

describe('a chain of limiters', () => {
  test('names the first limiter that denies', () => {
    const chain = new LimiterChain([requests(2), tokens(100, 'pre')])
    const answers = [60, 60, 60].map((n, i) => denier(chain.admit({ key: 'a' }, cost(n), i)))
    expect(answers).toEqual(['allowed', 'tokens', 'requests'])
  })

  test('keeps what earlier limiters charged for a request that a later one denies', () => {
    const chain = new LimiterChain([requests(5), tokens(10, 'pre')])
    chain.admit({ key: 'a' }, cost(11), 0)
    expect(chain.left({ key: 'a' }, 0).map(({ remaining }) => remaining)).toEqual([4, 10])
  })

  test('charges tokens after the response: the request that crosses the limit is served whole', () => {
    const chain = new LimiterChain([tokens(100, 'post')])
    const first = chain.admit({ key: 'a' }, cost(0), 0)
    const second = chain.admit({ key: 'a' }, cost(0), 0)
    expect([first.outcome, second.outcome]).toEqual(['allowed', 'allowed'])
    chain.finish(first, cost(1200), 10)
    chain.finish(second, cost(1200), 20)
    expect(chain.left({ key: 'a' }, 20)[0]!.remaining).toBe(100 - 2400)
    expect(chain.admit({ key: 'a' }, cost(0), 30).outcome).toBe('denied')
    expect(chain.admit({ key: 'a' }, cost(0), 10 + minute).outcome).toBe('allowed')
  })

  test('reserves the estimate and gives back what was not used', () => {
    const chain = new LimiterChain([tokens(100, 'reserve')])
    const first = chain.admit({ key: 'a' }, cost(90), 0)
    expect(chain.admit({ key: 'a' }, cost(90), 1).outcome).toBe('denied')
    chain.finish(first, cost(5), 2)
    expect(chain.admit({ key: 'a' }, cost(90), 3).outcome).toBe('allowed')
  })

  test('gives a whole reservation back when the request came to nothing', () => {
    const chain = new LimiterChain([tokens(100, 'reserve')])
    chain.finish(chain.admit({ key: 'a' }, cost(90), 0), null, 1)
    expect(chain.left({ key: 'a' }, 1)[0]!.remaining).toBe(100)
  })

  test('counts each partition for itself', () => {
    const perModel = {
      name: 'm',
      model: limiter(fixedWindow(1, minute), { scope: ['key', 'model'] }),
    }
    const chain = new LimiterChain([perModel])
    const ask = (key: string, model: string) => chain.admit({ key, model }, cost(0), 0).outcome
    expect([ask('a', 'x'), ask('a', 'y'), ask('b', 'x'), ask('a', 'x')]).toEqual([
      'allowed',
      'allowed',
      'allowed',
      'denied',
    ])
  })

  test('an empty scope is shared by everyone', () => {
    const chain = new LimiterChain([
      { name: 'all', model: limiter(fixedWindow(1, minute), { scope: [] }) },
    ])
    expect(chain.admit({ key: 'a' }, cost(0), 0).outcome).toBe('allowed')
    expect(chain.admit({ key: 'b' }, cost(0), 0).outcome).toBe('denied')
  })

  test('frees a slot when a request ends, and when a later limiter denies it', () => {
    const chain = new LimiterChain([
      { name: 'c', model: limiter(concurrency(1)) },
      tokens(10, 'pre'),
    ])
    const tooBig = chain.admit({ key: 'a' }, cost(11), 0)
    expect(denier(tooBig)).toBe('tokens')
    chain.finish(tooBig, null, 0)
    const first = chain.admit({ key: 'a' }, cost(1), 1)
    expect(denier(chain.admit({ key: 'a' }, cost(1), 2))).toBe('c')
    chain.finish(first, cost(1), 3)
    expect(chain.admit({ key: 'a' }, cost(1), 4).outcome).toBe('allowed')
  })

  test('queues in order, and lets the queued go on through the chain when a slot is free', () => {
    const slots = { ...concurrency(1), queue: 2 }
    const chain = new LimiterChain([{ name: 'c', model: limiter(slots) }, tokens(10, 'pre')])
    const first = chain.admit({ key: 'a' }, cost(1), 0)
    const second = chain.admit({ key: 'a' }, cost(11), 1)
    const third = chain.admit({ key: 'a' }, cost(1), 2)
    const fourth = chain.admit({ key: 'a' }, cost(1), 3)
    expect([second.outcome, third.outcome, denier(fourth)]).toEqual(['queued', 'queued', 'c'])
    expect(chain.finish(first, cost(1), 4)).toEqual([second])
    expect(denier(second)).toBe('tokens')
    expect(chain.finish(second, null, 5)).toEqual([third])
    expect(third.outcome).toBe('allowed')
  })

  test('a queued request that gives up leaves its place to the next', () => {
    const chain = new LimiterChain([{ name: 'c', model: limiter({ ...concurrency(1), queue: 2 }) }])
    const first = chain.admit({ key: 'a' }, cost(1), 0)
    const second = chain.admit({ key: 'a' }, cost(1), 1)
    const third = chain.admit({ key: 'a' }, cost(1), 2)
    chain.abandon(second, 3)
    expect(chain.finish(first, cost(1), 4)).toEqual([third])
  })

  test('forgets idle partitions instead of growing without bound', () => {
    const chain = new LimiterChain([requests(5)], { partitionsMax: 10 })
    for (let i = 0; i < 1000; i++) chain.admit({ key: `k${i}` }, cost(0), i * minute)
    expect(chain.partitions).toBeLessThanOrEqual(10)
  })
})
