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

test('of many answers the first 64 are a turn, and the rest are followed one by one', async () => {
  const second = (await sendsOf(70, 140)).slice(70)
  const inFlight = second.map(({ inFlight }) => inFlight)
  expect(inFlight.slice(0, 64)).toEqual(upTo(6, 69))
  expect(inFlight.slice(64)).toEqual(Array(6).fill(69))
})
