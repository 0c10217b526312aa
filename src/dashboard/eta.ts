// How long the phase, the wait or the drain will go on, as far as anybody can tell.

import type { Micros } from '../core/units.ts'
import type { LiveSnapshot } from '../recording/live.ts'
import { movingSpan } from './values.ts'

/** '6.2 s left', 'about 6.2 s left' when it is a projection, null when there is nothing to go by. */
export function etaText(snapshot: LiveSnapshot): string | null {
  const { progress, nowUs } = snapshot
  if (progress === null) return null
  const leftUs = progress.endsUs === null ? null : Math.max(0, progress.endsUs - nowUs)
  if (progress.state === 'drain') {
    return leftUs === null ? null : `at most ${movingSpan(leftUs)} more`
  }
  const projectedUs = progress.state === 'measure' ? projectUs(snapshot) : null
  // A rule about requests may end the phase long before its time is over.
  if (projectedUs !== null && (leftUs === null || projectedUs < leftUs * 0.9)) {
    return `about ${movingSpan(projectedUs)} left`
  }
  return leftUs === null ? null : `${movingSpan(leftUs)} left`
}

/** Less than this share done says nothing about the pace. */
const shareMin = 0.02

/** What is left at the pace since the measuring began. */
function projectUs({ events, progress, nowUs }: LiveSnapshot): Micros | null {
  const share = progress!.share
  // A limiter that is full has yet to reject, and some phases go on after that.
  if (share === null || share < shareMin || share >= 1) return null
  const start = events.findLast(
    ({ kind, phase }) =>
      phase === progress!.phase && (kind === 'measure-started' || kind === 'phase-started'),
  )
  return start === undefined ? null : ((nowUs - start.us) * (1 - share)) / share
}
