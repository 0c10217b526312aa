// For tests: limiters as a profile ends in them.

import type { ProfiledLimiter } from '../core/profileDocument.ts'

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
