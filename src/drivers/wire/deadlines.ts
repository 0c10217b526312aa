// Deadlines of many exchanges by one timer each per length: exchanges that may take equally long end
// in the order in which they began, so a queue per length needs no sorting (the idea of hashed
// timing wheels, Varghese and Lauck 1987, with one spoke per length).

import type { Cancel, Clock } from '../../core/clock.ts'
import type { Micros } from '../../core/units.ts'

/** Something with a deadline: a link of the queue it is in. */
export interface Expiring {
  deadlineUs: Micros
  earlier: Expiring | null
  later: Expiring | null
  queue: DeadlineQueue | null
  expired(): void
}

/** All deadlines of one driver. */
export class Deadlines {
  readonly #clock: Clock
  readonly #queues = new Map<Micros, DeadlineQueue>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `item.expired()` is called once `spanUs` have passed since `nowUs`, unless it is removed. */
  add(item: Expiring, spanUs: Micros, nowUs: Micros): void {
    let queue = this.#queues.get(spanUs)
    if (queue === undefined) {
      queue = new DeadlineQueue(this.#clock)
      this.#queues.set(spanUs, queue)
    }
    item.deadlineUs = nowUs + spanUs
    queue.push(item)
  }

  /** Harmless for what has no deadline. */
  remove(item: Expiring): void {
    item.queue?.remove(item)
  }

  /** `to` takes over the deadline of `from`, and its place. */
  pass(from: Expiring, to: Expiring): void {
    to.deadlineUs = from.deadlineUs
    from.queue?.pass(from, to)
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close()
  }
}

export class DeadlineQueue {
  readonly #clock: Clock
  #first: Expiring | null = null
  #last: Expiring | null = null
  #cancel: Cancel | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  push(item: Expiring): void {
    item.queue = this
    item.earlier = this.#last
    item.later = null
    if (this.#last === null) this.#first = item
    else this.#last.later = item
    this.#last = item
    // The first one's: this one may be pushed by another that expires, with others before it.
    if (this.#cancel === null) this.#arm(this.#first!.deadlineUs)
  }

  remove(item: Expiring): void {
    const { earlier, later } = item
    if (earlier === null) this.#first = later
    else earlier.later = later
    if (later === null) this.#last = earlier
    else later.earlier = earlier
    item.earlier = null
    item.later = null
    item.queue = null
  }

  pass(from: Expiring, to: Expiring): void {
    const { earlier, later } = from
    to.queue = this
    to.earlier = earlier
    to.later = later
    if (earlier === null) this.#first = to
    else earlier.later = to
    if (later === null) this.#last = to
    else later.earlier = to
    from.earlier = null
    from.later = null
    from.queue = null
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  // The timer is not moved when the first item leaves: it looks again when it fires, so a request
  // costs no timer.
  #arm(us: Micros): void {
    this.#cancel = this.#clock.at(us, () => {
      this.#cancel = null
      const nowUs = this.#clock.nowUs()
      while (this.#first !== null && this.#first.deadlineUs <= nowUs) {
        const item = this.#first
        this.remove(item)
        item.expired()
      }
      if (this.#first !== null && this.#cancel === null) this.#arm(this.#first.deadlineUs)
    })
  }
}
