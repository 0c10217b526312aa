// The drivers of a target, opened when a phase first asks for one.

import type { Clock } from '../core/clock.ts'
import type { Driver } from '../drivers/driver.ts'
import { undiciDriver } from '../drivers/undici.ts'
import { wireDriver } from '../drivers/wire/wire.ts'
import type { DriverName, TlsOptions } from '../load/plan.ts'

export interface TransportOptions {
  readonly tls: TlsOptions
  /** Most requests that will be in flight at a time. */
  readonly inFlightMax: number
}

/** All drivers to one origin. */
export class Transport {
  readonly #origin: string
  readonly #clock: Clock
  readonly #options: TransportOptions
  #wire: Driver | null = null
  #undici: Driver | null = null

  constructor(origin: string, clock: Clock, options: TransportOptions) {
    this.#origin = origin
    this.#clock = clock
    this.#options = options
  }

  /** Throws `UserError` for an unreadable authority. */
  driverOf(name: DriverName): Driver {
    const { tls, inFlightMax } = this.#options
    if (name === 'undici') {
      this.#undici ??= undiciDriver(this.#origin, this.#clock, {
        ...tls,
        connectionsMax: inFlightMax,
      })
      return this.#undici
    }
    this.#wire ??= wireDriver(this.#origin, this.#clock, tls)
    return this.#wire
  }

  async close(): Promise<void> {
    await Promise.all([this.#wire?.close(), this.#undici?.close()])
  }
}
