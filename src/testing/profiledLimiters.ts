// For tests: limiters as a profile ends in them, and observations as it begins with them.

import type { ProfiledLimiter } from '../core/profileDocument.ts'
import type { Observation } from '../profile/observation.ts'

/** A request that nothing is known of, not even its answer. */
export const blankObservation: Observation = {
  seq: 0,
  shape: 'tiny',
  lane: 'lane',
  sentUs: 0,
  receivedUs: 0,
  outcome: 'timeout',
  status: null,
  cost: null,
  limiter: null,
  unit: null,
  retryAfterUs: null,
  signals: [],
}

/** 60 requests a minute, in windows that begin with a request. */
export const profiledWindow: ProfiledLimiter = {
  id: 'requests',
  algorithm: 'fixed-window',
  equivalents: [],
  unit: 'requests',
  limit: 60,
  windowMs: 60_000,
  burst: null,
  refillPerS: null,
  anchor: 'first-request',
  charge: 'pre',
  chargesRejected: false,
  scope: ['authorization'],
  retryAfter: { present: true, medianErrorMs: 310 },
  overAdmission: 0,
  status: 429,
  confidence: 0.997,
  intervals: { limit: [60, 60], windowMs: [59_980, 60_040] },
  evidence: [],
  refillStep: null,
  queue: null,
}
