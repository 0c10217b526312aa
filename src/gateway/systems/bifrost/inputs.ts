// Reads what is sent to Bifrost's API about budgets, rate limits and providers. Must not know where
// it is kept.

import { durationUsOf } from '../../../dialects/reset.ts'
import type { MeterInput } from './meters.ts'

/** A request that cannot be: the status and Bifrost's words for it. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export type Json = Readonly<Record<string, unknown>>

export function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined
}

/** `{max_limit, reset_duration}`; throws `Refused`. */
export function budgetInput(json: Json, before?: MeterInput): MeterInput {
  const maxLimit = numberIn(json, 'max_limit') ?? before?.maxLimit ?? 0
  if (maxLimit < 0) throw new Refused(400, `Budget max_limit cannot be negative: ${maxLimit}`)
  const resetDuration = durationIn(json, 'reset_duration') ?? before?.resetDuration ?? '1M'
  // Found out inside of its transaction.
  if (maxLimit === 0) throw new Refused(500, 'budget max_limit must be greater than zero')
  return { unit: 'usd', maxLimit, resetDuration }
}

/** `{token_max_limit, token_reset_duration, request_…}`; throws `Refused`. */
export function rateInputs(json: Json): readonly MeterInput[] {
  return (['request', 'token'] as const).flatMap((word) => {
    const maxLimit = numberIn(json, `${word}_max_limit`)
    if (maxLimit === undefined) return []
    const resetDuration = durationIn(json, `${word}_reset_duration`)
    if (resetDuration === undefined) {
      throw new Refused(400, `${word}_reset_duration is required with ${word}_max_limit`)
    }
    if (maxLimit <= 0) throw new Refused(500, `${word}_max_limit must be greater than zero`)
    return [{ unit: `${word}s`, maxLimit, resetDuration } as const]
  })
}

function numberIn(json: Json, name: string): number | undefined {
  const value = json[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number') throw new Refused(400, 'Invalid JSON')
  return value
}

function durationIn(json: Json, name: string): string | undefined {
  const value = json[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || durationUsOf(value) === null) {
    throw new Refused(400, `Invalid reset duration format: ${String(value)}`)
  }
  return value
}

export function textIn(json: Json, name: string): string | undefined {
  const value = json[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new Refused(400, 'Invalid JSON')
  return value
}

export function listIn(json: Json, name: string): readonly string[] {
  const value = json[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
