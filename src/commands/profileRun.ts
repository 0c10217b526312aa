// Runs a profile: guards, opens what it needs, closes it again. Shared by command, library and steps.

import type { Clock } from '../core/clock.ts'
import { formatInteger } from '../core/format.ts'
import { startGatewayThread } from '../gateway/thread.ts'
import type { ProfileEvent, ProfileResult } from '../profile/contract.ts'
import { openEndpoint } from '../profile/endpoint.ts'
import type { HttpProber } from '../profile/httpProber.ts'
import { profile } from '../profile/profile.ts'
import { guardHost } from './guard.ts'
import type { ProfileJob } from './profileJob.ts'

export interface ProfileHooks {
  readonly signal?: AbortSignal
  /** Called once, before the first request. */
  readonly onOpen?: (clock: Clock) => void | Promise<void>
  readonly onEvent?: (event: ProfileEvent) => void
}

/** Throws `UserError` for targets that must not be probed; what the target does is in the result. */
export async function runProfile(job: ProfileJob, hooks: ProfileHooks): Promise<ProfileResult> {
  if (job.gateway === null) await guardHost(job.endpoint.url, capsOf(job))
  const gateway = job.gateway === null ? null : await startGatewayThread(job.gateway)
  const url = gateway === null ? job.endpoint.url : gateway.url + new URL(job.endpoint.url).pathname
  const { signal, onEvent, onOpen } = hooks
  const { prober, close } = openEndpoint({ ...job.endpoint, url }, signal)
  try {
    await onOpen?.(prober.clock)
    const result = await profile(prober, {
      target: job.target,
      seed: job.seed,
      budget: job.budget,
      inFlightMax: job.inFlightMax,
      furtherTimes: job.furtherTimes,
      ...(signal === undefined ? {} : { signal }),
      ...(onEvent === undefined ? {} : { onEvent }),
    })
    return withFailures(result, prober)
  } finally {
    await Promise.all([close(), gateway?.close()])
  }
}

function capsOf({ isCapped, budget }: ProfileJob) {
  const requestsMax = isCapped ? budget.requestsMax : null
  return { requestsMax, ratePerSMax: null, durationUsMax: null, tokensMax: null }
}

/** Where there is no conclusion, what went wrong on the way is a reason. */
function withFailures(result: ProfileResult, prober: HttpProber): ProfileResult {
  const failures = [...prober.failures()].sort(([, a], [, b]) => b - a).slice(0, 3)
  if (result.document.conclusion !== 'undetermined' || failures.length === 0) return result
  const told = failures.map(([message, count]) => `${formatInteger(count)} × ${message}`)
  const reasons = [...result.document.reasons, `answers of no use: ${told.join('; ')}`]
  return { ...result, document: { ...result.document, reasons } }
}
