import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../core/clock.ts'
import { type DeadlineQueue, Deadlines, type Expiring } from './deadlines.ts'

class Item implements Expiring {
  deadlineUs = 0
  earlier: Expiring | null = null
  later: Expiring | null = null
  queue: DeadlineQueue | null = null
  /** When it is to expire, and when it did. */
  dueUs: number | null = null
  expiredUs: number[] = []
  onExpired = () => {}
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  expired(): void {
    this.expiredUs.push(this.#clock.nowUs())
    this.onExpired()
  }
}

interface Step {
  readonly kind: 'add' | 'addAgain' | 'remove' | 'pass' | 'advance'
  readonly which: number
  readonly spanUs: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'add', 'addAgain', 'remove', 'pass', 'advance'),
  which: fc.nat(),
  spanUs: fc.constantFrom(1, 10, 11, 50),
})

describe('a deadline', () => {
  test('ends what is not removed exactly when it is due, whatever else is added and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VirtualClock()
        const deadlines = new Deadlines(clock)
        const items: Item[] = []
        const expected: (readonly [Item, number])[] = []
        const add = (item: Item, spanUs: number) => {
          item.dueUs = clock.nowUs() + spanUs
          deadlines.add(item, spanUs, clock.nowUs())
        }
        for (const { kind, which, spanUs } of steps) {
          const item = items[which % items.length]
          if (kind === 'add' || item === undefined) {
            const added = new Item(clock)
            // A connection is used again: when one request has expired, another begins at once.
            added.onExpired = () => {
              expected.push([added, added.dueUs!])
              added.dueUs = null
              if (kind === 'addAgain' || which % 3 === 0) {
                const next = new Item(clock)
                next.onExpired = () => expected.push([next, next.dueUs!])
                items.push(next)
                add(next, spanUs)
              }
            }
            items.push(added)
            add(added, spanUs)
          } else if (kind === 'addAgain') {
            if (item.queue === null) add(item, spanUs)
          } else if (kind === 'remove') {
            deadlines.remove(item)
            item.dueUs = null
          } else if (kind === 'pass') {
            if (item.queue === null) continue
            const heir = new Item(clock)
            heir.dueUs = item.dueUs
            heir.onExpired = () => expected.push([heir, heir.dueUs!])
            deadlines.pass(item, heir)
            item.dueUs = null
            items.push(heir)
          } else {
            clock.advanceTo(clock.nowUs() + spanUs)
            for (const { dueUs, queue } of items) {
              if (queue !== null) expect(dueUs).toBeGreaterThan(clock.nowUs())
            }
          }
        }
        clock.advanceTo(clock.nowUs() + 1000)
        for (const item of items) {
          expect(item.queue).toBe(null)
          expect(item.expiredUs).toEqual(
            expected.filter(([one]) => one === item).map(([, us]) => us),
          )
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('of one that came before is kept when an expiring one adds another', () => {
    const clock = new VirtualClock()
    const deadlines = new Deadlines(clock)
    const [first, second, third] = [new Item(clock), new Item(clock), new Item(clock)]
    first.onExpired = () => deadlines.add(third, 10, clock.nowUs())
    deadlines.add(first, 10, 0)
    clock.advanceTo(5)
    deadlines.add(second, 10, 5)
    clock.advanceTo(100)
    expect([first, second, third].map(({ expiredUs }) => expiredUs)).toEqual([[10], [15], [20]])
  })

  test('that is closed does not come', () => {
    const clock = new VirtualClock()
    const deadlines = new Deadlines(clock)
    const item = new Item(clock)
    deadlines.add(item, 10, 0)
    deadlines.close()
    clock.advanceTo(100)
    expect(item.expiredUs).toEqual([])
  })
})
