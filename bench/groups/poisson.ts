// Poisson arrivals: whether the gaps at the server are exponential.

import { poissonArrivals } from '../lib/arrivals.ts'
import type { Context } from '../lib/context.ts'
import { atMost, valueRow } from '../lib/rows.ts'
import { stampsUs } from '../lib/servers.ts'
import type { Group } from '../lib/types.ts'
import { alone } from './loads.ts'

const ratePerS = 1_000
const name = 'Poisson, 1,000/s'

export function poisson(context: Context): Group {
  return {
    name: 'poisson',
    title: 'Poisson arrivals, one core',
    how: 'Open loop, Poisson arrivals at 1,000/s, with `--pacing spin`. The Kolmogorov-Smirnov distance of the gaps between arrivals at the server to the exponential distribution of the same mean, after the first second.',
    figures: [
      { value: 'distance', title: 'distance' },
      { value: 'serverRatePerS', title: 'rate' },
      { value: 'lagP99Us', title: 'send lag p99' },
    ],
    steps: () =>
      alone(context, {
        case: name,
        rounds: Math.ceil(context.options.rounds / 2),
        load: () => ({
          server: { kind: 'null', mode: 'small', isLogged: true },
          spec: {
            connections: 64,
            seconds: context.options.openSeconds,
            ratePerS,
            isPoisson: true,
          },
          inspect: ({ log }) => poissonArrivals(stampsUs(log.stampsNs), ratePerS),
        }),
      }),
    rows: (measurements) => [
      valueRow(measurements, {
        what: 'Distance of the gaps at the server to exponential ones (KS)',
        case: name,
        value: 'distance',
        unit: 'number',
        target: atMost(0.02),
      }),
    ],
  }
}
