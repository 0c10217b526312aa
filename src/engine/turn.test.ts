import { expect, test } from 'vitest'
import { VirtualClock } from '../core/clock.ts'
import { phase, plan, scenario, simulate } from '../testing/simulate.ts'
import { Turn } from './turn.ts'

function started() {
  const clock = new VirtualClock()
  const told: string[] = []
  const turn = new Turn(clock)
  const land = (name: string, then = () => {}) =>
    turn.landLater({
      land() {
        told.push(name)
        then()
      },
    })
  const offer = (name: string, then = () => {}) =>
    turn.offerLater({
      offer() {
        told.push(name)
        then()
      },
    })
  const end = () => clock.advanceTo(clock.nowUs())
  return { turn, told, land, offer, end }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => String(i))

test('all answers of a turn land before anyone sends, both in the order in which they came', () => {
  const { told, land, offer, end } = started()
  land('a', () => offer('after a'))
  offer('early')
  land('b', () => offer('after b'))
  expect(told).toEqual([])
  end()
  expect(told).toEqual(['a', 'b', 'early', 'after a', 'after b'])
  end()
  expect(told).toHaveLength(5)
})

test('what comes while a turn ends is done with it, in its order', () => {
  const { turn, told, land, offer, end } = started()
  land('a', () => {
    land('b')
    offer('x', () => land('c'))
    // As whoever has more to say than a plain success does.
    turn.land()
    told.push('a again')
  })
  end()
  expect(told).toEqual(['a', 'b', 'a again', 'x', 'c'])
})

test('a turn of 64 does not wait for more', () => {
  const { told, land, offer, end } = started()
  for (const name of upTo(70)) land(name)
  expect(told).toEqual(upTo(64))
  end()
  expect(told).toEqual(upTo(70))
  told.length = 0
  for (const name of upTo(64)) offer(name)
  expect(told).toEqual(upTo(64))
  end()
  expect(told).toHaveLength(64)
})

test('those who land at once land all that came before them, and nobody sends yet', () => {
  const { turn, told, land, offer, end } = started()
  land('a', () => offer('after a'))
  turn.land()
  expect(told).toEqual(['a'])
  end()
  expect(told).toEqual(['a', 'after a'])
})

test('records come in the order of the answers, whether these say something or not', async () => {
  let count = 0
  const everyThirdLimited = {
    handle(_: unknown, reply: { head(status: number, fields: object): void; end(): void }) {
      reply.head(++count % 3 === 0 ? 429 : 204, {})
      reply.end()
    },
  }
  const arrivals = { kind: 'users', count: 20, thinkUs: 0 } as const
  const loop = phase({ arrivals, until: [{ kind: 'requests', count: 200 }] })
  const { records } = await simulate({
    plan: plan({ scenarios: [scenario('s', loop)] }),
    server: everyThirdLimited,
    travelUs: 50,
  })
  // The server answers in the order of the requests.
  expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
  const limited = records.filter(({ outcome }) => outcome === 'limited').map(({ seq }) => seq)
  expect(limited).toEqual(Array.from({ length: 66 }, (_, i) => 3 * (i + 1)))
})
