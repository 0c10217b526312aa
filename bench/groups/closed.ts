// Closed loop: 64 connections, 100-byte replies, one core for each side.

import type { Context } from '../lib/context.ts'
import { above, atLeast, ratioRow } from '../lib/rows.ts'
import type { Group, Target } from '../lib/types.ts'
import { absence, against, alternating, closedLoop } from './loads.ts'

const connections = 64

const targets: readonly (readonly [rival: string, target: Target | null])[] = [
  ['wrk', atLeast(0.85)],
  ['autocannon', atLeast(2)],
  ['undici', atLeast(2)],
  ['hey', atLeast(3)],
  ['oha', above(1)],
  ['vegeta', above(1)],
  ['k6', above(1)],
  ['ab', null],
  ['bare sockets', null],
]

export function closed(context: Context): Group {
  return {
    name: 'closed',
    title: 'Closed loop, one core',
    how: `${connections} connections, each sending its next request when the answer to the last one is there; replies of 102 bytes. The requests answered per second of run, as each tool tells them. undici is its \`Client.dispatch\` with an empty handler, one client per connection. ab speaks HTTP/1.0. Bare sockets are Node’s own with nothing around them, not even a parser: what limitscope would be if it did nothing. limitscope runs a second before it measures (\`--warmup 1s\`): code that is compiled while it runs has to run first.`,
    figures: [
      { value: 'ratePerS', title: 'requests per second' },
      { value: 'p50Us', title: 'p50' },
      { value: 'p99Us', title: 'p99' },
      { value: 'residentBytes', title: 'memory' },
    ],
    steps: () =>
      alternating(context, {
        case: 'small replies',
        rivals: targets.map(([rival]) => rival),
        rounds: context.options.rounds,
        load: () => ({
          server: { kind: 'null', mode: 'small' },
          spec: closedLoop(context, connections),
        }),
      }),
    rows: (measurements) =>
      targets.map(([rival, target]) =>
        ratioRow(measurements, {
          what: `Request rate, ${against(rival)}`,
          case: 'small replies',
          value: 'ratePerS',
          rival,
          target,
          absence: absence(context, rival),
        }),
      ),
  }
}
