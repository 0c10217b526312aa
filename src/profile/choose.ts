// Which probe to send next: the one about which the hypotheses that are left disagree most, for what
// it costs. Must not send.

import type { Micros } from '../core/units.ts'
import type { Fit } from './fit.ts'
import { spanError, type Weighed } from './posterior.ts'
import {
  Foreseen,
  type Pace,
  type Probe,
  type ProbeStep,
  pollOffsets,
  quantileUs,
} from './probe.ts'
import type { TraceGroup } from './trace.ts'
import { stateAfter } from './worlds.ts'

/** Classes less probable than this have no vote. */
const oddsLeast = 2e-3

export interface ChooseContext {
  readonly weighed: readonly Weighed[]
  readonly trace: readonly TraceGroup[]
  readonly nowUs: Micros
  readonly pace: Pace
  /** Shortest span between two polls. */
  readonly pollGapUs: Micros
  /** Spans that are known better than this share need not be known better still. */
  readonly spanErrorMost: number
  /** How often a probe has told nothing lately, by what it is. */
  readonly fatigue: ReadonlyMap<string, number>
}

export interface Choice {
  readonly probe: Probe
  readonly why: string
  readonly requestsExpected: number
  readonly waitUs: Micros
  /** How much it tells, in nats. */
  readonly gain: number
  /** What the leading class says will come of it: one text per parameter set of its sample. */
  readonly foretold: ReadonlySet<string>
}

interface Voter {
  readonly classIndex: number
  readonly weight: number
  readonly fit: Fit
  readonly make: () => Foreseen
}

/** The best probe, or null when none tells the remaining hypotheses apart. */
export function chooseProbe(context: ChooseContext): Choice | null {
  const voters = votersOf(context)
  const fullUs = Math.max(voters[0]!.make().resetUs, context.pollGapUs)
  const choices = candidates(context, fullUs).map((probe) => judge(probe, voters, context, fullUs))
  const best = choices.reduce((a, b) => (a.score >= b.score ? a : b))
  return best.gain < 0.02 ? null : best
}

function votersOf({ weighed, trace, nowUs, pace }: ChooseContext): readonly Voter[] {
  return weighed
    .filter(({ odds }, i) => i === 0 || odds >= oddsLeast)
    .flatMap(({ fit, odds }, classIndex) =>
      fit.sample.map((parameters, turn) => {
        const hypothesis = fit.of.model(parameters)
        const state = stateAfter(hypothesis, trace, turn)
        const make = () => new Foreseen({ hypothesis, state }, nowUs, pace)
        return { classIndex, weight: odds / fit.sample.length, fit, make }
      }),
    )
}

function candidates({ weighed, pace }: ChooseContext, fullUs: Micros): readonly Probe[] {
  const { best } = weighed[0]!.fit
  const limit = Math.ceil(best.limit / pace.cost) + 2
  const all: Probe[] = [
    { what: 'watch for the next release', steps: [{ kind: 'watch' }] },
    {
      what: 'watch for the next release, then two more',
      steps: [{ kind: 'watch' }, { kind: 'burst', most: 2 }],
    },
    {
      what: 'watch for the next release, then everything',
      steps: [{ kind: 'watch' }, { kind: 'burst', most: limit }],
    },
  ]
  for (const share of [0.2, 0.45, 0.7, 0.95, 1.1, 1.6, 2.3]) {
    const us = Math.round(share * fullUs)
    all.push({
      what: `idle ${share} of its recovery, then everything, then watch`,
      steps: [{ kind: 'idle', us }, { kind: 'burst', most: limit }, { kind: 'watch' }],
    })
  }
  for (const share of [0.12, 0.35]) {
    const one: readonly ProbeStep[] = [
      { kind: 'wait', share },
      { kind: 'burst', most: 1 },
    ]
    const when = `when ${share} of what is possible expects a release`
    all.push(
      { what: `one request, ${when}`, steps: one },
      {
        what: `everything, then one request, ${when}`,
        steps: [{ kind: 'burst', most: limit }, ...one],
      },
    )
  }
  for (const before of [
    { kind: 'watch' },
    { kind: 'idle', us: Math.round(1.15 * fullUs) },
  ] as const) {
    for (const clump of new Set([1, Math.ceil(limit * 0.1), Math.ceil(limit * 0.4)])) {
      for (const share of [0.25, 0.5, 0.75]) {
        all.push({
          what: `two clumps of ${clump} and the rest, ${share} of its recovery apart, then watch`,
          steps: twoClumps(before, clump, Math.round(share * fullUs), limit),
        })
      }
    }
  }
  return all
}

function twoClumps(before: ProbeStep, clump: number, us: Micros, limit: number): ProbeStep[] {
  return [
    before,
    { kind: 'burst', most: clump },
    { kind: 'idle', us },
    { kind: 'burst', most: limit },
    { kind: 'watch' },
    { kind: 'burst', most: clump + 1 },
  ]
}

function judge(probe: Probe, voters: readonly Voter[], context: ChooseContext, fullUs: Micros) {
  const foreseen = voters.map(({ make }) => make())
  const said = voters.map(() => '')
  const leaders = foreseen.filter((_, i) => voters[i]!.classIndex === 0)
  for (const step of probe.steps) {
    if (step.kind === 'wait') awaitRelease(step.share, leaders, foreseen)
    else foresee(step, foreseen, said, context.pollGapUs)
  }
  const requests = mean(
    voters,
    foreseen.map((each) => each.requests),
  )
  const waitUs = mean(
    voters,
    foreseen.map((each) => each.us - context.nowUs),
  )
  const { amongClasses, within } = information(voters, said, context)
  const limit = context.weighed[0]!.fit.best.limit / context.pace.cost
  const effort = 0.12 + requests / (limit + 4) + 0.1 * (waitUs / fullUs)
  return {
    probe,
    why: whyOf(voters, said, amongClasses, within),
    requestsExpected: Math.ceil(requests),
    waitUs,
    gain: amongClasses + within,
    score: ((3 * amongClasses + within) / effort) * 0.6 ** (context.fatigue.get(probe.what) ?? 0),
    foretold: new Set(said.filter((_, i) => voters[i]!.classIndex === 0)),
  }
}

function awaitRelease(share: number, leaders: readonly Foreseen[], all: readonly Foreseen[]): void {
  const us = quantileUs(
    leaders.map(({ releaseUs }) => releaseUs),
    share,
  )
  for (const each of all) each.idle(us)
}

function foresee(step: ProbeStep, foreseen: readonly Foreseen[], said: string[], gapUs: Micros) {
  if (step.kind === 'idle') for (const each of foreseen) each.idle(step.us)
  if (step.kind === 'burst') {
    for (const [i, each] of foreseen.entries()) said[i] += ` ${each.burst(step.most)}`
  }
  if (step.kind !== 'watch') return
  const releases = foreseen.map(({ releaseUs }) => releaseUs).filter((us) => us !== null)
  const offsets = pollOffsets(releases, gapUs)
  for (const [i, each] of foreseen.entries()) said[i] += ` ${watched(each, offsets)}`
}

/** Which of the polls is the first that passes. */
function watched(foreseen: Foreseen, offsets: readonly Micros[]): number {
  let atUs = 0
  for (const [i, offset] of offsets.entries()) {
    foreseen.idle(offset - atUs)
    atUs = offset
    if (foreseen.poll()) return i
  }
  return offsets.length
}

function information(voters: readonly Voter[], said: readonly string[], context: ChooseContext) {
  const all = new Map<string, number>()
  const byClass = new Map<number, Map<string, number>>()
  for (const [i, { classIndex, weight }] of voters.entries()) {
    add(all, said[i]!, weight)
    if (!byClass.has(classIndex)) byClass.set(classIndex, new Map())
    add(byClass.get(classIndex)!, said[i]!, weight)
  }
  let conditional = 0
  let within = 0
  for (const [classIndex, counts] of byClass) {
    const weight = sum(counts.values())
    const inside = weight * entropy(counts)
    conditional += inside
    const { fit } = voters.find((voter) => voter.classIndex === classIndex)!
    const isPrecise =
      spanError(fit) <= context.spanErrorMost * fit.of.roughness &&
      fit.limit[1] - fit.limit[0] < context.pace.cost
    if (!isPrecise) within += inside
  }
  return { amongClasses: Math.max(0, entropy(all) - conditional), within }
}

function whyOf(
  voters: readonly Voter[],
  said: readonly string[],
  amongClasses: number,
  within: number,
): string {
  const leader = voters[0]!.fit.of
  const other = voters.find(({ classIndex }, i) => classIndex > 0 && said[i] !== said[0])
  if (other !== undefined && amongClasses > 0.02) {
    return `${leader.title} and ${other.fit.of.title} disagree about it`
  }
  return within > 0 ? `closes in on the parameters of the ${leader.title}` : 'checks a prediction'
}

function add(counts: Map<string, number>, key: string, weight: number): void {
  counts.set(key, (counts.get(key) ?? 0) + weight)
}

function entropy(counts: ReadonlyMap<string, number>): number {
  const total = sum(counts.values())
  let result = 0
  for (const weight of counts.values()) {
    if (weight > 0) result -= (weight / total) * Math.log(weight / total)
  }
  return result
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function mean(voters: readonly Voter[], values: readonly number[]): number {
  const total = voters.reduce((all, { weight }) => all + weight, 0)
  return values.reduce((all, value, i) => all + value * voters[i]!.weight, 0) / total
}
