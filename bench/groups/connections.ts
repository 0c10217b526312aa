// Many connections: rate and memory with 4,000 of them.

import { readFileSync } from 'node:fs'
import type { Context } from '../lib/context.ts'
import { atLeast, atMost, ratioRow, valueRow } from '../lib/rows.ts'
import type { Group } from '../lib/types.ts'
import { absence, against, alternating, closedLoop } from './loads.ts'

const connectionsWanted = 4_000
/** Files of a process besides its connections. */
const otherFiles = 100
const name = '4,000 connections'

export function connections(context: Context): Group {
  const isPossible = filesMax() >= connectionsWanted + otherFiles
  const unable = isPossible
    ? undefined
    : `the limit of open files is ${filesMax()} (ulimit -n), ${connectionsWanted + otherFiles} are needed`
  return {
    name: 'connections',
    title: '4,000 connections, one core',
    how: 'The closed loop with 4,000 connections. Memory is the most that was ever resident (VmHWM).',
    figures: [
      { value: 'ratePerS', title: 'requests per second' },
      { value: 'residentBytes', title: 'memory' },
      { value: 'p50Us', title: 'p50' },
      { value: 'p99Us', title: 'p99' },
    ],
    steps: () => (isPossible ? steps(context) : []),
    rows: (measurements) => [
      ratioRow(measurements, {
        what: `Request rate, ${against('undici')}`,
        case: name,
        value: 'ratePerS',
        rival: 'undici',
        target: atLeast(2),
        absence: unable ?? absence(context, 'undici'),
      }),
      valueRow(measurements, {
        what: 'Resident memory of limitscope',
        case: name,
        value: 'residentBytes',
        unit: 'Bytes',
        target: atMost(150 * 1024 * 1024),
      }),
    ],
  }
}

function steps(context: Context) {
  return alternating(context, {
    case: name,
    rivals: ['undici'],
    rounds: context.options.rounds,
    load: () => ({
      server: { kind: 'null', mode: 'small' },
      spec: closedLoop(context, connectionsWanted),
    }),
  })
}

/** Node raises its own limit to the hard one, and so do the servers. */
function filesMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  return Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
}
