// Which probe to send next: the one about which the hypotheses that are left disagree most, for what
// it costs. Must not send.

import type { Micros } from '../core/units.ts'
import { wholeShare } from './contest.ts'
import type { Fit } from './fit.ts'
import type { Parameters } from './parameters.ts'
import { hasPreciseSpan, spanErrorMost, type Weighed } from './posterior.ts'
import {
  Foreseen,
  foresights,
  type Pace,
  type Probe,
  type ProbeStep,
  quantileUs,
  watchOf,
  watchPolls,
  wholeBurst,
} from './probe.ts'
import type { TraceGroup } from './trace.ts'

/** Classes less probable than this have no vote. */
const oddsLeast = 2e-3
/** A class of which a share is left is as probable as before times that share to this power. */
const survivorsPower = 0.15

/** Of the price of a whole limit so much still counts when it is due. */
const dueShare = 0.25

export interface ChooseContext {
  readonly weighed: readonly Weighed[]
  readonly trace: readonly TraceGroup[]
  readonly nowUs: Micros
  readonly pace: Pace
  /** Shortest span between two polls. */
  readonly pollGapUs: Micros
  /** How often probes have told nothing lately, by their family. */
  readonly fatigue: ReadonlyMap<string, number>
  /** Nothing is declared before a whole limit was foretold: that probe is to be paid for anyway. */
  readonly isWholeDue: boolean
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
  readonly parameters: Parameters
  readonly make: () => Foreseen
}

/** The best probe, or null when none tells the remaining hypotheses apart. */
export function chooseProbe(context: ChooseContext): Choice | null {
  const voters = votersOf(context)
  const fullUs = Math.max(voters[0]!.make().resetUs, context.pollGapUs)
  const everything = wholeBurst(voters[0]!.make())
  const choices = candidates(everything, fullUs).map((probe) => {
    return judge(probe, voters, context, fullUs)
  })
  const best = choices.reduce((a, b) => (a.score >= b.score ? a : b))
  return best.gain < 0.02 ? null : best
}

function votersOf({ weighed, trace, nowUs, pace }: ChooseContext): readonly Voter[] {
  return weighed
    .filter(({ odds }, i) => i === 0 || odds >= oddsLeast)
    .flatMap(({ fit, odds }, classIndex) =>
      foresights(fit, trace).map((foresight, i) => {
        const make = () => new Foreseen(foresight, nowUs, pace)
        const parameters = fit.sample[i]!
        return { classIndex, weight: odds / fit.sample.length, fit, parameters, make }
      }),
    )
}

/** What may be asked of a leader that recovers in so long, and has `limit` requests pass in one go. */
function candidates(limit: number, fullUs: Micros): readonly Probe[] {
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
  for (const share of [0.06, 0.2, 0.45, 0.7, 0.95, 1.1, 1.6, 2.3, 3.4, 5.2]) {
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
  const most = voters.map(() => 0)
  const leaders = foreseen.filter((_, i) => voters[i]!.classIndex === 0)
  for (const step of probe.steps) {
    if (step.kind === 'wait') awaitRelease(step.share, leaders, foreseen)
    else foresee(step, foreseen, { said, most }, context)
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
  const isWhole = most.every((units, i) => voters[i]!.classIndex > 0 || units >= wholeShare * limit)
  const price = context.isWholeDue && isWhole ? dueShare : 1
  const effort = 0.12 + (price * requests) / (limit + 4) + 0.1 * (waitUs / fullUs)
  return {
    probe,
    why: whyOf(voters, said, amongClasses, within),
    requestsExpected: Math.ceil(requests),
    waitUs,
    gain: amongClasses + within,
    score:
      ((3 * amongClasses + within) / effort) * 0.6 ** (context.fatigue.get(familyOf(probe)) ?? 0),
    foretold: new Set(said.filter((_, i) => voters[i]!.classIndex === 0)),
  }
}

/** Probes that are alike: what one of them does not tell, the others will hardly. */
export function familyOf({ steps, what }: Probe): string {
  const isAboutRelease = steps.every(({ kind }) => kind !== 'idle')
  return isAboutRelease ? 'release' : what
}

function awaitRelease(share: number, leaders: readonly Foreseen[], all: readonly Foreseen[]): void {
  const us = quantileUs(
    leaders.map(({ releaseUs }) => releaseUs),
    share,
  )
  for (const each of all) each.idle(us)
}

/** What voters say of a probe, as a text, and how many requests pass in one go at most. */
interface Sayings {
  readonly said: string[]
  readonly most: number[]
}

function foresee(
  step: ProbeStep,
  foreseen: readonly Foreseen[],
  { said, most }: Sayings,
  { pollGapUs, weighed, pace }: ChooseContext,
) {
  if (step.kind === 'idle') for (const each of foreseen) each.idle(step.us)
  if (step.kind === 'burst') {
    for (const [i, each] of foreseen.entries()) {
      const passed = each.burst(step.most)
      said[i] += ` ${passed}`
      most[i] = Math.max(most[i]!, passed)
    }
  }
  if (step.kind !== 'watch') return
  const polls = watchPolls(weighed[0]!.fit, pace)
  const { passes } = watchOf(foreseen, { gapUs: pollGapUs, polls })
  for (const [i, poll] of passes.entries()) said[i] += ` ${poll}`
}

function information(voters: readonly Voter[], said: readonly string[], context: ChooseContext) {
  const votes = voters.map((voter, i) => ({ ...voter, said: said[i]! }))
  const byClass = grouped(votes, ({ classIndex }) => classIndex)
  const within = byClass.map((mine) => withinClass(mine, context))
  return { amongClasses: toldApart(byClass), within: sum(within) }
}

type Vote = Voter & { readonly said: string }

/** What would be learnt about the parameters of a class that are not known well enough. */
function withinClass(votes: readonly Vote[], { pace }: ChooseContext): number {
  const { fit } = votes[0]!
  if (!hasPreciseSpan(fit)) return spanTold(votes)
  if (fit.limit[1] - fit.limit[0] < pace.cost) return 0
  return toldApart(grouped(votes, ({ parameters }) => parameters.limit))
}

/** By how much the span would be known better, in nats, as far as it need be. */
function spanTold(votes: readonly Vote[]): number {
  const least = 2 * spanErrorMost * votes[0]!.fit.of.roughness
  const width = (mine: readonly Vote[]) => {
    const spans = mine.map(({ parameters }) => parameters.spanUs)
    return Math.max(least, Math.log(Math.max(...spans) / Math.min(...spans)))
  }
  const before = width(votes)
  return sum(
    grouped(votes, ({ said }) => said).map((mine) => {
      return sum(mine.map(({ weight }) => weight)) * Math.log(before / width(mine))
    }),
  )
}

/**
 * How much is learnt about which of the groups it is, in nats. A group is ruled out by what none of its
 * votes foretells; what some of them do counts little against it: these are left.
 */
function toldApart(groups: readonly (readonly Vote[])[]): number {
  const counts = groups.map(counted)
  const weights = counts.map((each) => sum(each.values()))
  const total = sum(weights)
  let left = 0
  for (const [text, weight] of counted(groups.flat())) {
    const after = counts.map((each, i) => {
      const share = (each.get(text) ?? 0) / weights[i]!
      return share === 0 ? 0 : weights[i]! * share ** survivorsPower
    })
    left += (weight / total) * entropy(after)
  }
  return Math.max(0, entropy(weights) - left) * total
}

function grouped<T>(votes: readonly Vote[], keyOf: (vote: Vote) => T): readonly Vote[][] {
  return [...Map.groupBy(votes, keyOf).values()]
}

function counted(votes: readonly Vote[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { said, weight } of votes) counts.set(said, (counts.get(said) ?? 0) + weight)
  return counts
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

function entropy(weights: readonly number[]): number {
  const total = sum(weights)
  let result = 0
  for (const weight of weights) {
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
