// What writers share: how denials, spans and bodies are put into responses. Must not know any one
// format.

import { limitOf, windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Denial, LimitReport, WriteContext, WrittenResponse } from './dialect.ts'

type Headers = WrittenResponse['headers']

/** Fields that have a value; the others are left out. */
export function present(headers: Readonly<Record<string, string | null>>): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null),
  )
}

/** A JSON response; a content type among the headers stays where it is. */
export function jsonResponse(
  status: number,
  body: unknown,
  headers: Headers = {},
): WrittenResponse {
  const typed =
    'content-type' in headers ? headers : { 'content-type': 'application/json', ...headers }
  return { status, headers: typed, body: JSON.stringify(body) }
}

/** Whole seconds, rounded up: who waits for them does not come too early. */
export function secondsUp(us: Micros): string {
  return String(Math.ceil(us / 1e6))
}

/** Seconds for Retry-After; null when no instant is known. */
export function retryAfterSeconds(denial: Denial): string | null {
  const { retryAfterUs } = denial.decision
  return retryAfterUs === null ? null : secondsUp(retryAfterUs)
}

/** A Go duration: '644ms', '18.642s', '6m0s', '1h0m0s'; to the millisecond, rounded up. */
export function goDuration(us: Micros): string {
  const ms = Math.ceil(us / 1000)
  if (ms < 1000) return `${ms}ms`
  const hours = Math.floor(ms / 3600e3)
  const minutes = Math.floor(ms / 60e3) % 60
  const seconds = `${(ms % 60e3) / 1000}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}

/** Limit, remaining and window of a report, as whole units that are never negative. */
export function figuresOf({ limiter, remaining }: LimitReport): {
  readonly limit: number
  readonly remaining: number
  readonly windowUs: Micros | null
} {
  const { algorithm } = limiter.model
  return {
    limit: Math.floor(limitOf(algorithm)),
    remaining: Math.max(0, Math.floor(remaining)),
    windowUs: windowUsOf(algorithm),
  }
}

/** The limiter that denied, as a report. */
export function deniedReport({ limiter, decision }: Denial): LimitReport {
  return { limiter, remaining: decision.remaining, resetUs: decision.resetUs }
}

/** The chain's reports with the denying limiter as its decision has it. */
export function reportsOf(denial: Denial): readonly LimitReport[] {
  const denied = deniedReport(denial)
  const isDenied = ({ limiter }: LimitReport) => limiter.name === denial.limiter.name
  if (!denial.reports.some(isDenied)) return [...denial.reports, denied]
  return denial.reports.map((report) => (isDenied(report) ? denied : report))
}

/** The report with the smallest share left: what formats with room for one limit show. */
export function tightest(reports: WriteContext['reports']): LimitReport | null {
  const shareOf = ({ limiter, remaining }: LimitReport) =>
    remaining / Math.max(limitOf(limiter.model.algorithm), Number.MIN_VALUE)
  return reports.reduce<LimitReport | null>(
    (least, report) => (least === null || shareOf(report) < shareOf(least) ? report : least),
    null,
  )
}

/** A limiter's name as a part of a field's name. */
export function fieldPart(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9!#$%&'*+.^_`|~-]/g, '-')
}
