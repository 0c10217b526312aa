// Runs the steps one after the other: repeats a disturbed one once, tells progress on stderr.

import { formatSpan } from '../../src/core/format.ts'
import { isCalm } from './rows.ts'
import { formatValue, unitOf } from './text.ts'
import type { Group, Measurement, Reading, Step } from './types.ts'

export interface RunnerOptions {
  readonly groups: readonly Group[]
  readonly isInterrupted: () => boolean
  /** Called before the first step of a group. */
  beforeGroup(group: Group): Promise<void>
  /** Called with everything measured when a group is through, or the run is interrupted. */
  onGroup(group: Group, measurements: readonly Measurement[]): void
}

export async function runGroups(options: RunnerOptions): Promise<readonly Measurement[]> {
  const { groups, isInterrupted } = options
  const plan = groups.map((group) => ({ group, steps: group.steps() }))
  const progress = new Progress(plan.flatMap(({ steps }) => steps))
  const measurements: Measurement[] = []
  for (const { group, steps } of plan) {
    await options.beforeGroup(group)
    for (const step of steps) {
      if (isInterrupted()) break
      progress.starts(group, step)
      const { reading, attempts } = await measure(step, isInterrupted)
      if (isInterrupted()) break
      const { case: caseName, tool, round, pair } = step
      const place = { group: group.name, case: caseName, tool, round, pair }
      measurements.push({ ...place, ...reading, attempts })
      progress.ends(step, reading)
    }
    const ofGroup = measurements.filter((m) => m.group === group.name)
    options.onGroup(group, ofGroup)
    if (isInterrupted()) break
  }
  return measurements
}

async function measure(
  step: Step,
  isInterrupted: () => boolean,
): Promise<{ reading: Reading; attempts: number }> {
  const first = await attempt(step)
  const isGood = first.isUsable && isCalm(first)
  if (isGood || isInterrupted()) return { reading: first, attempts: 1 }
  const second = await attempt(step)
  const isBetter = second.isUsable && (!first.isUsable || second.foreignShare <= first.foreignShare)
  return { reading: withDoubts(isBetter ? second : first), attempts: 2 }
}

function withDoubts(reading: Reading): Reading {
  if (isCalm(reading)) return reading
  const doubt = `others took ${formatValue(reading.foreignShare, 'Share')} of a CPU`
  return { ...reading, problems: [...reading.problems, doubt] }
}

/** A run that cannot be made is a reading, too: the others go on. */
async function attempt(step: Step): Promise<Reading> {
  try {
    return await step.run()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const nothing = { values: {}, serverBusyShare: null, foreignShare: 0, isUsable: false }
    return { ...nothing, problems: [message] }
  }
}

const shown = ['ratePerS', 'serverRatePerS', 'framesPerS', 'p50Us', 'p99Us', 'gapErrorP99Us']
const alsoShown = [
  'distance',
  'errorP50Us',
  'errorP99Us',
  'residentBytes',
  'versionMs',
  'firstRequestMs',
  'p99ErrorShare',
]

/** One line per measurement, with the time that is left. */
class Progress {
  readonly #plannedS: number
  readonly #count: number
  #startMs = 0
  /** Without the pauses between steps. */
  #tookS = 0
  #doneS = 0
  #done = 0
  #text = ''

  constructor(steps: readonly Step[]) {
    this.#count = steps.length
    this.#plannedS = steps.reduce((sum, { seconds }) => sum + seconds, 0)
    const planned = formatSpan(this.#plannedS * 1e6)
    process.stderr.write(`${this.#count} measurements, about ${planned}\n`)
  }

  starts(group: Group, step: Step): void {
    this.#startMs = performance.now()
    this.#text = `${group.name}: ${step.case}, round ${step.round + 1}, ${step.tool}`
    if (process.stderr.isTTY) process.stderr.write(`${this.#prefix()} ${this.#text} …\r`)
  }

  ends(step: Step, reading: Reading): void {
    this.#done++
    this.#doneS += step.seconds
    this.#tookS += (performance.now() - this.#startMs) / 1000
    const figures = [...shown, ...alsoShown].flatMap((name) => {
      const value = reading.values[name]
      if (value === null || value === undefined) return []
      return [`${name} ${formatValue(value, unitOf(name))}`]
    })
    const server = reading.serverBusyShare
    const shares = [
      ...(server === null ? [] : [`server ${Math.round(server * 100)} % busy`]),
      `others ${Math.round(reading.foreignShare * 100)} %`,
    ]
    const problems = reading.problems.map((problem) => `! ${problem}`)
    const details = [...figures, ...shares, ...problems].join(', ')
    process.stderr.write(`${this.#prefix()} ${this.#text}: ${details}\n`)
  }

  #prefix(): string {
    // What was slower than planned so far will be so later.
    const pace = this.#doneS > 0 ? this.#tookS / this.#doneS : 1
    const left = formatSpan((this.#plannedS - this.#doneS) * pace * 1e6)
    return `[${this.#done}/${this.#count}, ${left} left]`
  }
}
