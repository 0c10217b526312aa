// What a user expects where a system is known to differ from its own document.

import type { CheckResult } from '../core/check.ts'

/** 'documented': known differences fail; 'actual': they pass; 'either': they are told. */
export const expectsNames = ['either', 'documented', 'actual'] as const
export type Expects = (typeof expectsNames)[number]

/** A result as it counts for somebody who expects that. */
export function expected(check: CheckResult, expects: Expects): CheckResult {
  if (check.verdict !== 'known' || expects === 'either') return check
  if (expects === 'actual') return { ...check, verdict: 'passed' }
  return { ...check, verdict: 'failed', reason: `not as documented: ${check.reason}` }
}
