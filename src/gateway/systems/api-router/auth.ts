// Who calls the API router: stub keys tell their organisation, others are validated elsewhere and
// remembered in a map that nobody locks.

import type { Micros } from '../../../core/units.ts'
import { bearerOf, type GatewayRequest } from '../../exchange.ts'
import type { House } from '../../system.ts'

export interface Organisation {
  readonly id: string
  readonly key: string
}

/** How long a validation elsewhere takes, and how long its answer is remembered. */
const validationUs = 2_000
const rememberedUs = 60e6

export function keyOf(request: GatewayRequest): string {
  return request.headers['x-api-key'] ?? bearerOf(request)
}

export class KeyCheck {
  readonly #house: House
  readonly #validUntilUs = new Map<string, Micros>()
  #writing = 0
  #isDead = false

  constructor(house: House) {
    this.#house = house
  }

  /** The process has ended: two of its threads wrote the map at once. */
  get isDead(): boolean {
    return this.#isDead
  }

  /** Calls back with the organisation, or with the text of the refusal. */
  check(key: string, done: (organisation: Organisation | string) => void): void {
    const { spec, clock } = this.#house
    if (key === '') return done(this.#orAnybody(key, 'missing X-API-Key header'))
    if (/^(dev|test)-/.test(key)) return done(organisationOf(key))
    if (!Object.hasOwn(spec.keys, key) && !key.startsWith('key-')) {
      return done(this.#orAnybody(key, 'invalid API key: not found'))
    }
    if ((this.#validUntilUs.get(key) ?? 0) > clock.nowUs()) return done(organisationOf(key))
    this.#writing++
    if (this.#writing > 1 && this.#mayCrash) this.#isDead = true
    clock.at(clock.nowUs() + validationUs, () => {
      this.#writing--
      this.#validUntilUs.set(key, clock.nowUs() + rememberedUs)
      done(organisationOf(key))
    })
  }

  get #mayCrash(): boolean {
    const { system } = this.#house.spec
    return system.name === 'api-router' && system.VALIDATION_CACHE_CRASH
  }

  #orAnybody(key: string, refusal: string): Organisation | string {
    return this.#house.spec.breaks.includes('auth-off') ? organisationOf(key) : refusal
  }
}

/** 'dev-acme-key' is of the organisation 'acme'. */
function organisationOf(key: string): Organisation {
  return { id: key.split('-')[1] ?? 'default', key }
}
