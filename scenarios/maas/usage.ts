import { capture, check, defineScenario, needs, spaced, step, untilRequests } from 'limitscope'
import {
  burstCount,
  burstSleep,
  cheap,
  free,
  freeUser,
  maas,
  needsFree,
  setupFree,
} from './system.ts'

export const usageApi = defineScenario('maas/usage-api', {
  title: 'a probe of the usage API, which may be there or not',
  system: maas,
  needs: [
    ...needsFree,
    needs.env('USAGE_API_BASE', { remedy: 'export USAGE_API_BASE="$MAAS_API_BASE_URL"' }),
  ],
  steps: [
    step.get('usage', '/v1/usage', {
      lane: freeUser,
      check: [
        {
          status: [200, 401, 403],
          actual: { status: 404, note: 'the guide names a usage API; the repository has none' },
        },
      ],
    }),
  ],
})

/** Where Limitador shows its counters; the embedded gateway has them on the path that all have. */
const metrics = process.env.LIMITADOR_METRICS_URL ?? '/metrics'

const counters = (when: string) =>
  step.get(`metrics-${when}`, metrics, {
    check: [check.metric('authorized_calls', { exists: true })],
    capture: {
      [`authorized_${when}`]: capture.metric('authorized_calls'),
      [`limited_${when}`]: capture.metric('limited_calls'),
    },
  })

export const usageMetrics = defineScenario('maas/metrics', {
  title: "Limitador's own counters agree with what was sent and rejected",
  system: maas,
  needs: [
    ...needsFree,
    needs.env('LIMITADOR_METRICS_URL', {
      remedy: 'kubectl port-forward it, then export LIMITADOR_METRICS_URL=…',
    }),
  ],
  setup: [...setupFree, counters('before')],
  lanes: [free],
  mix: [cheap],
  isolate: 'window',
  arrivals: spaced(burstSleep),
  until: untilRequests(burstCount),
  steps: [counters('after')],
  expect: [
    'value(authorized_after) - value(authorized_before) >= count(ok)',
    'value(limited_after) - value(limited_before) >= count(limited)',
  ],
})
