// Where requests go: to the target, or to another host that the plan names.

import { originsIn, type Plan } from '../load/plan.ts'

/** Where the target is, and what is put before its paths; '' for nothing. */
export interface TargetPlace {
  readonly origin: string
  readonly pathPrefix: string
}

/** Where a request goes. */
export interface Address {
  readonly origin: string
  /** As it goes on the wire. */
  readonly path: string
}

/** The address of a path of the target, or of a whole URL; null: it is none. */
export function addressOf(path: string, { origin, pathPrefix }: TargetPlace): Address | null {
  if (!/^https?:/i.test(path)) return { origin, path: pathPrefix + path }
  const url = URL.parse(path)
  return url === null ? null : { origin: url.origin, path: url.pathname + url.search }
}

/** Knows which hosts the user has named. */
export class AddressBook {
  readonly #target: TargetPlace
  readonly #origins: readonly string[]

  constructor(plan: Plan, target: TargetPlace) {
    this.#target = target
    this.#origins = originsIn(plan)
  }

  /** Null where a path may not lead: to hosts that only an answer has named, and the user has not. */
  addressOf(path: string): Address | null {
    const address = addressOf(path, this.#target)
    if (address === null) return null
    const isOwn = new URL(address.origin).hostname === new URL(this.#target.origin).hostname
    return isOwn || this.#origins.includes(address.origin) ? address : null
  }
}
