// A stalled server: whether the response times count from when requests were due.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../lib/context.ts'
import { measureLoad } from '../lib/observe.ts'
import { atMost, subject, valueRow } from '../lib/rows.ts'
import type { LoadedServer } from '../lib/servers.ts'
import type { Group, Reading } from '../lib/types.ts'
import { roundsUpTo } from './loads.ts'

const ratePerS = 2_000
const stallS = 1.4
const name = '2,000/s, stalled for 1.4 s'

export function stall(context: Context): Group {
  const { openSeconds, rounds } = context.options
  return {
    name: 'stall',
    title: 'A stalled server, one core',
    how: `Open loop at 2,000/s for ${openSeconds} s, in the middle of which the server is stopped for ${stallS} s (SIGSTOP). What arrives in the stall waits for its end, the first of it for the whole of it: the p99 of all response times is the stall less one hundredth of the run, ${analyticS(stallS, openSeconds).toFixed(2)} s. The stall is taken as long as it really was.`,
    figures: [
      { value: 'p50Us', title: 'p50' },
      { value: 'p99Us', title: 'p99' },
      { value: 'analyticUs', title: 'p99 as it must be' },
      { value: 'stallUs', title: 'stall' },
      { value: 'unsent', title: 'never sent' },
    ],
    steps: () =>
      roundsUpTo(Math.ceil(rounds / 2)).map((round) => ({
        case: name,
        tool: subject,
        round,
        pair: 0,
        seconds: openSeconds + 1.5,
        run: () => stalled(context),
      })),
    rows: (measurements) => [
      valueRow(measurements, {
        what: 'Error of the p99 of response times across a stall',
        case: name,
        value: 'p99ErrorShare',
        unit: 'Share',
        target: atMost(0.05),
      }),
    ],
  }
}

function stalled(context: Context): Promise<Reading> {
  const seconds = context.options.openSeconds
  let stallMs = 0
  return measureLoad(context, {
    tool: subject,
    server: { kind: 'null', mode: 'small' },
    spec: { connections: 64, seconds, ratePerS },
    async onRunning(server) {
      await sleep(seconds * 500)
      stallMs = await stop(server)
    },
    inspect(_, { p99Us, more }) {
      const analyticUs = analyticS(stallMs / 1000, seconds) * 1e6
      // Requests that were never sent would have waited, too: without them the p99 says nothing.
      const isWhole = p99Us !== null && more?.unsent === 0
      const p99ErrorShare = isWhole ? Math.abs(p99Us / analyticUs - 1) : null
      return { stallUs: stallMs * 1000, analyticUs, p99ErrorShare }
    },
  })
}

// Requests due in the stall wait from all of it down to nothing, evenly; the others wait for
// nothing. The slowest hundredth of a run of n seconds are the requests of n / 100 seconds.
function analyticS(stoppedS: number, runS: number): number {
  return Math.max(0, stoppedS - runS / 100)
}

async function stop(server: LoadedServer): Promise<number> {
  const startMs = performance.now()
  server.signal('SIGSTOP')
  await sleep(stallS * 1000)
  server.signal('SIGCONT')
  return performance.now() - startMs
}
