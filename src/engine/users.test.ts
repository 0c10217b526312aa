import { expect, test } from 'vitest'
import { phase, plan, scenario, simulate } from '../testing/simulate.ts'

const prompt = {
  handle(_: unknown, reply: { head(status: number, fields: object): void; end(): void }) {
    reply.head(204, {})
    reply.end()
  },
}

test('users whose answers are there at once send when all of them have been read', async () => {
  const { records } = await simulate({
    plan: plan({
      scenarios: [
        scenario(
          's',
          phase({
            arrivals: { kind: 'users', count: 4, thinkUs: 0 },
            until: [{ kind: 'requests', count: 12 }],
          }),
        ),
      ],
    }),
    server: prompt,
    travelUs: 50,
  })
  const firstUs = records[0]!.sentUs!
  const sends = [...records].sort((a, b) => a.seq - b.seq)
  // In flight at each send: those of its own turn that went before it, none of the last turn.
  expect(sends.map(({ inFlight }) => inFlight)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
  expect(sends.map(({ sentUs }) => sentUs! - firstUs)).toEqual(
    [0, 100, 200].flatMap((us) => Array(4).fill(us)),
  )
  expect(sends.every(({ sentUs, intendedUs }) => sentUs === intendedUs)).toBe(true)
})
