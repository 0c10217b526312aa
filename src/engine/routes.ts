// How requests go out: one shape on one lane, rendered once for as long as the variables are the same.

import { assert } from '../core/errors.ts'
import type { RequestCost } from '../core/limits.ts'
import type { RequestTemplate } from '../drivers/driver.ts'
import { type Lane, type LaneSecrets, laneHeaders } from '../load/lanes.ts'
import { type RequestShape, shapeCost, shapeTemplate } from '../load/shapes.ts'
import { addressOf } from './address.ts'
import type { Attributor } from './attribution.ts'

/** What requests of every shape and lane have. */
export interface RequestParts {
  readonly secrets: LaneSecrets
  readonly userAgent: string
  /** What is put before the path of every shape; '' for none. */
  readonly pathPrefix: string
  readonly runId: string
}

/** The requests of a shape on a lane. */
export function requestTemplate(
  lane: Lane,
  shape: RequestShape,
  { secrets, userAgent, pathPrefix, runId }: RequestParts,
): RequestTemplate {
  const { method, path, headers, body } = shapeTemplate(shape, runId)
  return {
    method,
    path: addressOf(path, { pathPrefix, origin: '' })?.path ?? path,
    headers: { 'user-agent': userAgent, ...headers, ...laneHeaders(lane, secrets) },
    idPrefix: `${runId}-`,
    body,
  }
}

/** One shape on one lane: its bytes, its cost, who explains its rejections. */
export interface Route {
  readonly lane: string
  readonly shape: string
  readonly template: RequestTemplate
  readonly cost: RequestCost
  readonly attributor: Attributor
  /** Where it goes when that is not the target; null: to the target. */
  readonly origin: string | null
}

/** What a route is made of, with variables as they are now. */
export interface RouteParts {
  readonly lane: Lane
  readonly shape: RequestShape
  readonly request: RequestParts
  readonly attributor: Attributor
  readonly origin: string | null
}

export class Routes {
  readonly #partsOf: (lane: string, shape: string) => RouteParts
  readonly #routes = new Map<string, Route>()
  #last: Route | null = null

  constructor(partsOf: (lane: string, shape: string) => RouteParts) {
    this.#partsOf = partsOf
  }

  /** How requests of a shape go out on a lane. */
  of(lane: string, shape: string): Route {
    const last = this.#last
    // Most requests go the way of the one before.
    if (last !== null && last.lane === lane && last.shape === shape) return last
    const key = `${lane}\n${shape}`
    const route = this.#routes.get(key) ?? routeOf(this.#partsOf(lane, shape))
    this.#routes.set(key, route)
    this.#last = route
    return route
  }

  /** What was rendered with variables as they were has to be rendered again. */
  forget(): void {
    this.#routes.clear()
    this.#last = null
  }
}

function routeOf({ lane, shape, request, attributor, origin }: RouteParts): Route {
  const template = requestTemplate(lane, shape, request)
  const names = { lane: lane.name, shape: shape.name }
  return { ...names, template, cost: shapeCost(shape), attributor, origin }
}

/** The one of a name, which the plan is known to have. */
export function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name)
  assert(found !== undefined, `nothing is called ${name}`)
  return found
}
