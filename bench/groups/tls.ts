// TLS 1.3 against nginx.

import type { Context } from '../lib/context.ts'
import { atLeast, ratioRow } from '../lib/rows.ts'
import type { Group } from '../lib/types.ts'
import { absence, against, alternating, closedLoop } from './loads.ts'

export function tls(context: Context): Group {
  const hasServer = context.tools.has('nginx')
  return {
    name: 'tls',
    title: 'TLS 1.3, one core',
    how: 'The closed loop with 64 connections against nginx (one process, TLS 1.3 only, a self-signed EC P-256 certificate, `return 200` with 102 bytes). nginx itself is close to its limit. Bare sockets are Node’s own with nothing around them: what limitscope would be if it did nothing.',
    figures: [
      { value: 'ratePerS', title: 'requests per second' },
      { value: 'p50Us', title: 'p50' },
      { value: 'p99Us', title: 'p99' },
    ],
    steps: () =>
      hasServer
        ? alternating(context, {
            case: 'TLS 1.3',
            rivals: ['wrk', 'bare sockets'],
            rounds: context.options.rounds,
            load: () => ({ server: { kind: 'nginx' }, spec: closedLoop(context, 64) }),
          })
        : [],
    rows: (measurements) => [
      ratioRow(measurements, {
        what: `Request rate over TLS, ${against('wrk')}`,
        case: 'TLS 1.3',
        value: 'ratePerS',
        rival: 'wrk',
        target: atLeast(0.8),
        absence: absence(context, 'nginx') ?? absence(context, 'wrk'),
      }),
      ratioRow(measurements, {
        what: `Request rate over TLS, ${against('bare sockets')}`,
        case: 'TLS 1.3',
        value: 'ratePerS',
        rival: 'bare sockets',
        target: null,
        absence: absence(context, 'nginx'),
      }),
    ],
  }
}
