// For tests: a limiter that is known as if it had been identified.

import type { Fit } from '../profile/fit.ts'
import type { Layer } from '../profile/known.ts'
import type { Observation } from '../profile/observation.ts'
import { traceOf } from '../profile/trace.ts'

export function settledLayer(fit: Fit, observations: readonly Observation[] = []): Layer {
  return {
    found: {
      leader: { fit, odds: 1 },
      rivals: [],
      denials: new Set(),
      isForetold: true,
      isSettled: true,
      isExplained: true,
      brokenUs: null,
    },
    unit: 'requests',
    observations,
    trace: traceOf(observations, [], () => 1),
  }
}
