// Which answers are denials of a limiter: 429 always, another status once it has shown that it lasts.
// Random errors of a server are of the same kind and must not be taken for one.

import type { Observation } from './observation.ts'
import type { Verdict } from './trace.ts'

/** Answers that say what a limiter did, and those that cannot. */
export function hasAnswer({ status }: Observation): boolean {
  return status !== null
}

/** 429 is a limiter's by definition (RFC 6585); others may be an error of the server. */
export function isPlainDenial({ status }: Observation): boolean {
  return status === 429
}

export function hasPassed({ outcome }: Observation): boolean {
  return outcome === 'ok'
}

/**
 * Whether only those sent at once are denied: 429, or one status for many of them. Single errors are
 * the server's own.
 */
export function isDeniedTogether(answers: readonly Observation[]): boolean {
  if (answers.length < 2) return false
  if (answers.some(isPlainDenial)) return true
  const failed = answers.filter((answer) => hasAnswer(answer) && !hasPassed(answer))
  const statuses = new Set(failed.map(({ status }) => status))
  return failed.length > Math.max(1, answers.length / 4) && statuses.size === 1
}

/**
 * Verdicts of all observations, in their order. An error that the next answer does not share is
 * the server's own: nobody knows whether it was charged.
 */
export function verdictsOf(
  observations: readonly Observation[],
  denials: ReadonlySet<number>,
): readonly Verdict[] {
  const verdicts: Verdict[] = []
  const isQuiet = !hasErrors(observations, denials)
  let hasNextPassed = true
  for (let i = observations.length - 1; i >= 0; i--) {
    const observation = observations[i]!
    verdicts[i] = verdictOf(observation, denials, hasNextPassed && !isQuiet)
    if (hasAnswer(observation)) hasNextPassed = hasPassed(observation)
  }
  return verdicts
}

/**
 * Whether the server has errors of its own: of another status than the denials, or before anything was
 * denied for good.
 */
function hasErrors(observations: readonly Observation[], denials: ReadonlySet<number>): boolean {
  const answers = observations.filter(hasAnswer)
  const isDenial = (answer: Observation | undefined) => denials.has(answer?.status ?? 0)
  const lasting = answers.findIndex((answer, i) => isDenial(answer) && isDenial(answers[i + 1]))
  return answers.some(
    (answer, i) => answer.outcome === 'failed' && (!isDenial(answer) || i < lasting),
  )
}

function verdictOf(
  observation: Observation,
  denials: ReadonlySet<number>,
  hasNextPassed: boolean,
): Verdict {
  if (hasPassed(observation)) return 'passed'
  if (observation.outcome === 'timeout') return 'lost'
  if (isPlainDenial(observation)) return 'denied'
  const { status } = observation
  const isDenial = status !== null && denials.has(status) && !hasNextPassed
  return isDenial ? 'denied' : 'unclear'
}
