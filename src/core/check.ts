// One statement about a run, judged: what summaries, files and reports show of it.

/**
 * `known`: it is not as documented, but as the system is known to behave; `skipped`: what it needs is
 * not there.
 */
export const checkVerdicts = ['passed', 'failed', 'inconclusive', 'known', 'skipped'] as const
export type CheckVerdict = (typeof checkVerdicts)[number]

/** One statement, judged. */
export interface CheckResult {
  readonly statement: string
  readonly verdict: CheckVerdict
  /** What was found, with its unit. */
  readonly actual: string
  /** Why it could not be decided, or what is known about it; '' otherwise. */
  readonly reason: string
  /** Of a step that failed: its request as a command line, without secrets. */
  readonly request?: string
  /** The numbers that were compared, where there are any. */
  readonly figures?: CheckFigures
}

/** Times are in µs, rates per second. */
export interface CheckFigures {
  readonly found: number
  /** The interval of what was found, of an estimate. */
  readonly low?: number
  readonly high?: number
  readonly expected?: number
}
