// The drivers of a target: our own at once, the second opinion only where a plan asks for it, because
// it takes longer to load than a run to start.

import type { Clock } from '../core/clock.ts'
import { assert } from '../core/errors.ts'
import { type Driver, stepCaps } from '../drivers/driver.ts'
import { wireDriver } from '../drivers/wire/wire.ts'
import type { DriverName, Plan, TlsOptions } from '../load/plan.ts'
import { bodyText, type RequestShape, shapeTemplate } from '../load/shapes.ts'

/** All drivers that a run needs. */
export interface Transport {
  /** To the target, or to another origin; those go by our own driver. */
  driverOf(name: DriverName, origin?: string): Driver
  /** For steps: they keep streams, too, and have connections of their own. */
  stepDriverTo(origin: string): Driver
  close(): Promise<void>
}

/** Opens the drivers of a plan; throws `UserError` for an unreadable authority. */
export async function openTransport(origin: string, clock: Clock, plan: Plan): Promise<Transport> {
  const tls = tlsOf(plan)
  const requestBytesMax = Math.max(...plan.shapes.map((shape) => requestBytesOf(shape, plan.runId)))
  const wires = new Drivers((to) => wireDriver(to, clock, { ...tls, requestBytesMax }))
  const stepWires = new Drivers((to) => wireDriver(to, clock, { ...tls, caps: stepCaps }))
  const wire = wires.to(origin)
  const names = phasesOf(plan).map(({ driver }) => driver)
  const undici = names.includes('undici') ? await openUndici(origin, clock, plan, tls) : null
  return {
    driverOf(name, to = origin) {
      if (to !== origin) return wires.to(to)
      if (name !== 'undici') return wire
      assert(undici !== null, 'no phase of the plan has asked for undici')
      return undici
    },
    stepDriverTo: (to) => stepWires.to(to),
    async close() {
      await Promise.all([wires.close(), stepWires.close(), undici?.close()])
    },
  }
}

/** Drivers by origin, opened when they are needed. */
class Drivers {
  readonly #open: (origin: string) => Driver
  readonly #drivers = new Map<string, Driver>()

  constructor(open: (origin: string) => Driver) {
    this.#open = open
  }

  to(origin: string): Driver {
    const driver = this.#drivers.get(origin) ?? this.#open(origin)
    this.#drivers.set(origin, driver)
    return driver
  }

  async close(): Promise<void> {
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close()))
  }
}

async function openUndici(origin: string, clock: Clock, plan: Plan, tls: TlsOptions) {
  const { undiciDriver } = await import('../drivers/undici.ts')
  const connectionsMax = Math.max(1, ...phasesOf(plan).map(({ inFlightMax }) => inFlightMax))
  return undiciDriver(origin, clock, { ...tls, connectionsMax })
}

/** What lanes and drivers add to the requests of a shape: credential, agent, request id, framing. */
const addedBytes = 384

/** About how long the requests of a shape are. */
function requestBytesOf(shape: RequestShape, runId: string): number {
  const { path, headers, body } = shapeTemplate(shape, runId)
  return addedBytes + path.length + JSON.stringify(headers).length + bodyText(body, 1).length
}

function tlsOf({ target }: Plan): TlsOptions {
  return target.kind === 'url' ? target.tls : { caPath: null, verify: true }
}

function phasesOf({ scenarios }: Plan) {
  return scenarios.flatMap(({ phases }) => phases)
}
