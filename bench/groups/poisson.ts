// Poisson arrivals: whether the gaps at the server are exponential.

import { poissonArrivals } from '../lib/arrivals.ts'
import type { Context } from '../lib/context.ts'
import { atMost, valueRow } from '../lib/rows.ts'
import { stampsUs } from '../lib/servers.ts'
import type { Group } from '../lib/types.ts'
import { alone } from './loads.ts'

const ratesPerS = [500, 1_000]

const nameOf = (ratePerS: number) => `Poisson, ${ratePerS.toLocaleString('en-US')}/s`

export function poisson(context: Context): Group {
  return {
    name: 'poisson',
    title: 'Poisson arrivals, one core',
    how: 'Open loop, Poisson arrivals, with `--pacing spin`. The Kolmogorov-Smirnov distance of the gaps between arrivals at the server to the exponential distribution of the same mean, after the first second. Two sends cannot be closer than the first of them takes: the distance has a floor, which grows with the rate. The server’s core is kept awake as for constant rates.',
    figures: [
      { value: 'distance', title: 'distance' },
      { value: 'serverRatePerS', title: 'rate' },
      { value: 'lagP99Us', title: 'send lag p99' },
    ],
    steps: () =>
      ratesPerS.flatMap((ratePerS) =>
        alone(context, {
          case: nameOf(ratePerS),
          rounds: Math.ceil(context.options.rounds / 2),
          load: () => ({
            server: { kind: 'null', mode: 'small', isLogged: true },
            isKeptAwake: true,
            spec: {
              connections: 64,
              seconds: context.options.openSeconds,
              ratePerS,
              isPoisson: true,
            },
            inspect: ({ log }) => poissonArrivals(stampsUs(log.stampsNs), ratePerS),
          }),
        }),
      ),
    rows: (measurements) =>
      ratesPerS.map((ratePerS) =>
        valueRow(measurements, {
          what: `Distance of the gaps at the server to exponential ones (KS), ${nameOf(ratePerS)}`,
          case: nameOf(ratePerS),
          value: 'distance',
          unit: 'number',
          target: atMost(0.02),
        }),
      ),
  }
}
