// What a run comes to: one word and one exit code.

import { type ExitCode, exitCodes } from '../core/errors.ts'
import type { CheckResult, RunSummary } from './result.ts'

export interface RunVerdict {
  readonly word: 'PASSED' | 'FAILED' | 'INCONCLUSIVE' | 'INTERRUPTED' | 'SKIPPED'
  readonly exitCode: ExitCode
  /** Why, in a sentence; '' when it passed and there is no more to say. */
  readonly why: string
}

/** The verdict of a run; an interrupted run's exit code is its signal's and set by the caller. */
export function verdictOf(summary: RunSummary): RunVerdict {
  const checks = summary.scenarios.flatMap((scenario) => scenario.checks)
  const those = (verdict: CheckResult['verdict']) => checks.filter((c) => c.verdict === verdict)
  const inconclusive = (why: string): RunVerdict => ({
    word: 'INCONCLUSIVE',
    exitCode: exitCodes.inconclusive,
    why,
  })
  if (summary.reason === 'interrupted') {
    const why = 'stopped before its end; this is everything up to then'
    return { word: 'INTERRUPTED', exitCode: exitCodes.interrupted, why }
  }
  if (summary.reason === 'target-died') {
    const { ok, limited, refused, failed } = summary.counts
    const isAnswered = ok + limited + refused + failed > 0
    return inconclusive(isAnswered ? 'the target stopped answering' : 'the target did not answer')
  }
  if (summary.health.verdict === 'INVALID') {
    return inconclusive(`the generator was not fit: ${summary.health.reasons.join('; ')}`)
  }
  const failed = those('failed')
  if (failed.length > 0) {
    const why = `${failed.length} of ${checks.length} expectations failed`
    return { word: 'FAILED', exitCode: exitCodes.failed, why }
  }
  const open = those('inconclusive')
  if (open.length > 0) return inconclusive(`${open.length} of ${checks.length} expectations open`)
  const skipped = summary.scenarios.filter((scenario) => scenario.skipped !== null)
  if (summary.noSkip && skipped.length > 0) {
    const of = `${skipped.length} of ${summary.scenarios.length}`
    return inconclusive(`${of} scenarios were skipped, and none may be`)
  }
  if (skipped.length > 0 && skipped.length === summary.scenarios.length) {
    return { word: 'SKIPPED', exitCode: exitCodes.passed, why: 'nothing of it could be run here' }
  }
  const known = those('known').length
  const parts = [
    known > 0 ? `${known} of ${checks.length} expectations are known to differ` : '',
    skipped.length > 0 ? `${skipped.length} of ${summary.scenarios.length} scenarios skipped` : '',
  ]
  const why = parts.filter((part) => part !== '').join('; ')
  return { word: 'PASSED', exitCode: exitCodes.passed, why }
}
