import { expect, test } from 'vitest'
import { phase, plan, scenario, simulate } from '../testing/simulate.ts'

const prompt = {
  handle(_: unknown, reply: { head(status: number, fields: object): void; end(): void }) {
    reply.head(204, {})
    reply.end()
  },
}

/** The requests of users whose answers all take 100 µs, in the order of their sends. */
async function sendsOf(users: number, count: number) {
  const arrivals = { kind: 'users', count: users, thinkUs: 0 } as const
  const loop = phase({ arrivals, until: [{ kind: 'requests', count }] })
  const { records } = await simulate({
    plan: plan({ scenarios: [scenario('s', loop)] }),
    server: prompt,
    travelUs: 50,
  })
  return [...records].sort((a, b) => a.seq - b.seq)
}

const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('users whose answers are there at once send when all of them have been read', async () => {
  const sends = await sendsOf(4, 12)
  // In flight at each send: those of its own turn that went before it, none of the last turn.
  expect(sends.map(({ inFlight }) => inFlight)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
  const firstUs = sends[0]!.sentUs!
  const turnsUs = [0, 100, 200].flatMap((us) => Array(4).fill(us))
  expect(sends.map(({ sentUs }) => sentUs! - firstUs)).toEqual(turnsUs)
  expect(sends.every(({ sentUs, intendedUs }) => sentUs === intendedUs)).toBe(true)
})

test('of many answers each 64 are a turn, so that a server does not wait for all of them', async () => {
  const second = (await sendsOf(150, 300)).slice(150)
  const inFlight = second.map(({ inFlight }) => inFlight)
  // Of all 150 those of a turn are gone when it sends, and none of the next.
  expect(inFlight).toEqual([...upTo(86, 149), ...upTo(86, 149), ...upTo(128, 149)])
})
