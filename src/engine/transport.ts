// The drivers of a target: our own at once, the second opinion only where a plan asks for it, because
// it takes longer to load than a run to start.

import type { Clock } from '../core/clock.ts'
import { assert } from '../core/errors.ts'
import { type Driver, stepCaps } from '../drivers/driver.ts'
import { wireDriver } from '../drivers/wire/wire.ts'
import type { DriverName, Plan, TlsOptions } from '../load/plan.ts'

/** All drivers to one origin that a run needs. */
export interface Transport {
  driverOf(name: DriverName): Driver
  /** For steps: it keeps streams, too, and has connections of its own. */
  readonly stepDriver: Driver
  close(): Promise<void>
}

/** Opens the drivers of a plan; throws `UserError` for an unreadable authority. */
export async function openTransport(origin: string, clock: Clock, plan: Plan): Promise<Transport> {
  const tls = tlsOf(plan)
  const wire = wireDriver(origin, clock, tls)
  const stepDriver = wireDriver(origin, clock, { ...tls, caps: stepCaps })
  const names = phasesOf(plan).map(({ driver }) => driver)
  const undici = names.includes('undici') ? await openUndici(origin, clock, plan, tls) : null
  return {
    stepDriver,
    driverOf(name) {
      if (name !== 'undici') return wire
      assert(undici !== null, 'no phase of the plan has asked for undici')
      return undici
    },
    async close() {
      await Promise.all([wire.close(), stepDriver.close(), undici?.close()])
    },
  }
}

async function openUndici(origin: string, clock: Clock, plan: Plan, tls: TlsOptions) {
  const { undiciDriver } = await import('../drivers/undici.ts')
  const connectionsMax = Math.max(1, ...phasesOf(plan).map(({ inFlightMax }) => inFlightMax))
  return undiciDriver(origin, clock, { ...tls, connectionsMax })
}

function tlsOf({ target }: Plan): TlsOptions {
  return target.kind === 'url' ? target.tls : { caPath: null, verify: true }
}

function phasesOf({ scenarios }: Plan) {
  return scenarios.flatMap(({ phases }) => phases)
}
