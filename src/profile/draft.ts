// What a profile has come to, in the making. Must not know how it is found.

import type { NamedLimiter } from '../core/limits.ts'
import {
  type Conclusion,
  type ProfiledLimiter,
  type ProfileWarning,
  profileSchema,
} from '../core/profileDocument.ts'
import type { ProfileResult } from './contract.ts'
import type { Known } from './known.ts'
import type { Observation } from './observation.ts'
import type { Session } from './session.ts'
import { backgroundErrors } from './warnings.ts'

/** Of a limiter that was not what it seemed. */
const unknown = { algorithm: 'unknown', equivalents: [], confidence: 0 } as const

export class Draft {
  conclusion: Conclusion = 'undetermined'
  endedBy: ProfileResult['endedBy'] = 'concluded'
  readonly reasons: string[] = []
  readonly limiters: ProfiledLimiter[] = []
  readonly models: NamedLimiter[] = []
  readonly warnings: ProfileWarning[] = []

  keep({ limiter, model, warnings }: Known): void {
    this.limiters.push(limiter)
    this.models.push(model)
    this.warnings.push(...warnings)
  }

  /** More is known of a limiter that was kept. */
  replace(before: Known, after: Known): void {
    this.limiters[this.limiters.indexOf(before.limiter)] = after.limiter
    this.warnings.push(...after.warnings.filter((warning) => !before.warnings.includes(warning)))
    this.reasons.push(...after.reasons.filter((reason) => !before.reasons.includes(reason)))
  }

  /** The first limiter is of the same kind, with other figures. */
  closeIn({ limiter, model }: Known): void {
    const { scope, retryAfter, overAdmission } = this.limiters[0]!
    this.limiters[0] = { ...limiter, scope, retryAfter, overAdmission }
    this.models[0] = { ...model, model: { ...model.model, scope: this.models[0]!.model.scope } }
  }

  /** A limiter that is there, and is not what it was taken for: that is all there is to say. */
  keepUnknown(limiter: ProfiledLimiter): void {
    this.forget()
    this.limiters.push({ ...limiter, ...unknown })
  }

  /** What was found is not what it was taken for. */
  forget(): void {
    this.limiters.length = 0
    this.models.length = 0
    this.warnings.length = 0
  }

  undetermined(reason: string, by: ProfileResult['endedBy']): void {
    this.conclusion = 'undetermined'
    this.endedBy = by
    this.reasons.push(reason)
  }

  /** The draft as it is, after this session. */
  resultOf(session: Session): ProfileResult {
    const { observations } = session
    const { requests, elapsedUs } = session.spent
    const { conclusion, reasons, limiters, warnings, models, endedBy } = this
    return {
      document: {
        schema: profileSchema,
        target: session.options.target,
        requests,
        durationMs: Math.round(elapsedUs / 1e3),
        seed: session.options.seed,
        conclusion,
        reasons,
        limiters,
        warnings: [...warnings, ...this.#errorsIn(observations)],
      },
      limiters: models,
      observations,
      endedBy,
    }
  }

  /** Errors of the server, where something was found out for all of them. */
  #errorsIn(observations: readonly Observation[]): readonly ProfileWarning[] {
    if (this.conclusion === 'undetermined' && this.limiters.length === 0) return []
    return backgroundErrors(observations, new Set(this.limiters.map(({ status }) => status)))
  }
}
