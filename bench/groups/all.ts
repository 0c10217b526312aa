// Every group of measurements, in the order in which they are run and reported.

import type { Context } from '../lib/context.ts'
import type { Group } from '../lib/types.ts'
import { closed } from './closed.ts'
import { connections } from './connections.ts'
import { disk } from './disk.ts'
import { poisson } from './poisson.ts'
import { memory, truth } from './programs.ts'
import { rates } from './rates.ts'
import { replies } from './replies.ts'
import { sse } from './sse.ts'
import { stall } from './stall.ts'
import { startUp } from './startUp.ts'
import { tls } from './tls.ts'

export const groupNames = [
  'closed',
  'disk',
  'replies',
  'connections',
  'tls',
  'rates',
  'poisson',
  'sse',
  'truth',
  'memory',
  'startup',
  'stall',
] as const

/** The groups that were asked for. */
export function chooseGroups(context: Context): readonly Group[] {
  const makers = [
    ...[closed, disk, replies, connections, tls, rates],
    ...[poisson, sse, truth, memory, startUp, stall],
  ]
  const { only } = context.options
  const groups = makers.map((make) => make(context))
  return groups.filter(({ name }) => only.length === 0 || only.includes(name))
}
