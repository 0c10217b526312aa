// Other replies than the smallest: larger ones, chunked ones, every tenth a rejection.

import type { Context } from '../lib/context.ts'
import { atLeast, ratioRow } from '../lib/rows.ts'
import type { Group } from '../lib/types.ts'
import { absence, against, alternating, closedLoop } from './loads.ts'

const cases = [
  { name: '2 KB replies', mode: 'large', target: atLeast(0.8) },
  { name: 'chunked replies', mode: 'chunked', target: atLeast(0.8) },
  { name: 'every tenth a 429', mode: 'limited', target: atLeast(0.8) },
  { name: 'chat completions', mode: 'chat', target: null },
  { name: 'nothing but 429s', mode: 'denied', target: null },
] as const

export function replies(context: Context): Group {
  return {
    name: 'replies',
    title: 'Kinds of replies, one core',
    how: 'The closed loop with 64 connections against replies of 1,956 bytes of JSON, against replies in two chunks, and against a server that answers every tenth request with a 429, rate-limit headers and a JSON body (which limitscope reads, and wrk does not). Then what a load generator of LLM APIs meets, no two answers with the same bytes: chat completions of 577 bytes with rate-limit headers, whose tokens are counted, and 429s as OpenAI writes them, each read and attributed to its limiter.',
    figures: [
      { value: 'ratePerS', title: 'requests per second' },
      { value: 'p50Us', title: 'p50' },
      { value: 'p99Us', title: 'p99' },
    ],
    steps: () =>
      cases.flatMap(({ name, mode }) =>
        alternating(context, {
          case: name,
          rivals: ['wrk'],
          rounds: context.options.rounds,
          load: () => ({ server: { kind: 'null', mode }, spec: closedLoop(context, 64) }),
        }),
      ),
    rows: (measurements) =>
      cases.map(({ name, target }) =>
        ratioRow(measurements, {
          what: `Request rate, ${name}, ${against('wrk')}`,
          case: name,
          value: 'ratePerS',
          rival: 'wrk',
          target,
          absence: absence(context, 'wrk'),
        }),
      ),
  }
}
