// Open loop at constant rates: whether requests leave when they should, seen from the server.

import { constantArrivals } from '../lib/arrivals.ts'
import type { Context } from '../lib/context.ts'
import {
  atMost,
  below,
  isCalm,
  judged,
  pairsOf,
  preferCalm,
  subject,
  valueRow,
} from '../lib/rows.ts'
import { stampsUs } from '../lib/servers.ts'
import { median } from '../lib/statistics.ts'
import type { Group, Measurement, Row } from '../lib/types.ts'
import { absence, against, alone, alternating, type Load } from './loads.ts'

const ratesPerS = [1_000, 5_000, 10_000, 20_000]
/** The others are compared at these. */
const comparedPerS = [1_000, 5_000]
const rivals = ['k6', 'vegeta', 'oha', 'autocannon', 'hey']
const jitters = [
  { value: 'gapErrorP50Us', title: 'gap p50' },
  { value: 'gapErrorP99Us', title: 'gap p99' },
  { value: 'gridErrorP99Us', title: 'grid p99' },
]

const nameOf = (ratePerS: number) => `${ratePerS.toLocaleString('en-US')}/s`
const comparedNameOf = (ratePerS: number) => `${nameOf(ratePerS)} beside others`

/** Length of a run that is compared, in s: there are many of them. */
export const comparedSeconds = (openSeconds: number) => Math.min(openSeconds, 15)

export function rates(context: Context): Group {
  return {
    name: 'rates',
    title: 'Constant rates, one core',
    how: 'Open loop; limitscope with `--pacing spin`. The server logs when the kernel received each request; a loop that runs when nobody else wants to (SCHED_IDLE) keeps its core awake, for all tools: what a virtual core needs to be woken is not theirs. The rate is that of the whole log; gap error is |gap between successive arrivals − period|, grid error the distance of an arrival from an even grid laid through the middle of the run, both after the first second. Rivals have up to 64 connections (hey: 50 workers, each with a ticker of its own; k6: constant-arrival-rate). Gap errors of a tool that sends in bursts are about one period, whatever the bursts do; the grid shows those. Send lag is what limitscope says of itself, after its warm-up.',
    figures: [
      { value: 'rateErrorShare', title: 'rate error' },
      { value: 'gapErrorP50Us', title: 'gap error p50' },
      { value: 'gapErrorP99Us', title: 'gap error p99' },
      { value: 'gridErrorP99Us', title: 'grid error p99' },
      { value: 'lagP50Us', title: 'send lag p50' },
      { value: 'lagP99Us', title: 'send lag p99' },
      { value: 'clientCpuShare', title: 'CPU' },
    ],
    steps: () => [
      ...ratesPerS.flatMap((ratePerS) =>
        alone(context, {
          case: nameOf(ratePerS),
          rounds: roundsOf(context),
          load: () => load(ratePerS, context.options.openSeconds),
        }),
      ),
      ...comparedPerS.flatMap((ratePerS) =>
        alternating(context, {
          case: comparedNameOf(ratePerS),
          rivals,
          rounds: roundsOf(context),
          load: () => load(ratePerS, comparedSeconds(context.options.openSeconds)),
        }),
      ),
    ],
    rows: (measurements) => [
      ...ratesPerS.flatMap((ratePerS) => ownRows(measurements, nameOf(ratePerS))),
      ...comparedPerS.flatMap((ratePerS) =>
        rivals.map((rival) => jitterRow(measurements, comparedNameOf(ratePerS), rival, context)),
      ),
    ],
  }
}

/** Each run is long enough to be worth several. */
const roundsOf = ({ options }: Context) => Math.ceil(options.rounds / 2)

function load(ratePerS: number, seconds: number): Load {
  return {
    server: { kind: 'null', mode: 'small', isLogged: true },
    isKeptAwake: true,
    spec: { connections: 64, seconds, ratePerS },
    inspect: ({ log }) => constantArrivals(stampsUs(log.stampsNs), ratePerS),
  }
}

function ownRows(measurements: readonly Measurement[], name: string): readonly Row[] {
  const common = { case: name, unit: 'Us' } as const
  return [
    valueRow(measurements, {
      what: `Error of the rate at the server, ${name}`,
      case: name,
      value: 'rateErrorShare',
      unit: 'Share',
      target: atMost(0.001),
    }),
    valueRow(measurements, {
      ...common,
      what: `Send lag p50, ${name}`,
      value: 'lagP50Us',
      target: atMost(20),
    }),
    valueRow(measurements, {
      ...common,
      what: `Send lag p99, ${name}`,
      value: 'lagP99Us',
      target: atMost(2_000),
    }),
  ]
}

/** The worst of the three ratios of a pair: all of them have to be below 1. */
function jitterRow(
  measurements: readonly Measurement[],
  name: string,
  rival: string,
  context: Context,
): Row {
  const pairs = pairsOf(measurements, { case: name, tool: subject, rival })
  const { chosen, note } = preferCalm(pairs, (pair) => pair.every(isCalm))
  const ratios = chosen.map(([mine, theirs]) =>
    jitters.map(({ value }) => ratio(mine.values[value], theirs.values[value])),
  )
  const each = jitters.map(({ title }, i) => {
    const middle = median(ratios.map((of) => of[i]!)) ?? 0
    return `${title} ${Number(middle.toPrecision(2))} ×`
  })
  const notes = [`medians: ${each.join(', ')}`, ...(note === '' ? [] : [note])]
  return judged({
    what: `Arrival jitter, ${name}, ${against(rival)}, the worst of three`,
    unit: 'ratio',
    target: below(1),
    samples: ratios.map((of) => Math.max(...of)),
    note: ratios.length > 0 ? notes.join('; ') : (absence(context, rival) ?? 'not run'),
  })
}

function ratio(mine: number | null | undefined, theirs: number | null | undefined): number {
  return (mine ?? Number.POSITIVE_INFINITY) / (theirs ?? Number.POSITIVE_INFINITY)
}
