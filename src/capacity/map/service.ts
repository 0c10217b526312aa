// How long a target takes for a call, as far as it is known: what turns a limit on requests in
// flight into a rate.

import type { Micros } from '../../core/units.ts'

/** Service time of a call: a base, a span per completion token, slower with every other call. */
export interface ServiceModel {
  readonly baseUs: Micros
  readonly perTokenUs: Micros
  /** Each other call in flight makes everything slower by this share. */
  readonly slowdownPerInFlight: number
}

export const noService: ServiceModel = { baseUs: 0, perTokenUs: 0, slowdownPerInFlight: 0 }

/** The service time of a call with `completionTokens`, by the number of others in flight. */
export function serviceUsOf(
  { baseUs, perTokenUs, slowdownPerInFlight }: ServiceModel,
  completionTokens: number,
): (others: number) => Micros {
  const idleUs = baseUs + perTokenUs * Math.max(0, completionTokens - 1)
  return (others) => idleUs * (1 + slowdownPerInFlight * others)
}
