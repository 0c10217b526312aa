// Simulated nights: false alarms of a year without a change, and how soon a change is found.

import { Nights, type Noise, NoisySource } from '../../src/testing/nights.ts'

const noises: readonly (readonly [name: string, noise: Noise])[] = [
  ['3 %', { deviation: 0.03, outliers: 0, persistence: 0 }],
  ['3 %, one run in twenty 10–30 % slower', { deviation: 0.03, outliers: 0.05, persistence: 0 }],
  ['3 %, nights correlated by 0.4', { deviation: 0.03, outliers: 0, persistence: 0.4 }],
  ['8 %', { deviation: 0.08, outliers: 0, persistence: 0 }],
]
const changes = [1.03, 1.05, 1.1]
const nightsPerYear = 365
const historyNights = 30
const foundWithin = 5

/** `scale` 1: 100 years and 400 changes of each kind. */
export function nightsTable(scale: number): string {
  const years = Math.max(1, Math.round(100 * scale))
  const series = Math.max(10, Math.round(400 * scale))
  const head = ['noise', 'false alarms a year', 'looked at again a year', 'extra runs a year']
  const found = changes.map(
    (factor) => `+${Math.round((factor - 1) * 100)} % found within 5 nights`,
  )
  const lines = noises.map(([name, noise]) => {
    const { alarms, triggers, runs } = quietYears(noise, years)
    const shares = changes.map((factor) => foundText(noise, factor, series))
    const perYear = (count: number) => (count / years).toFixed(count < 10 * years ? 2 : 0)
    return [name, perYear(alarms), perYear(triggers), perYear(runs), ...shares]
  })
  const rows = [[...head, ...found], [...head, ...found].map(() => '---'), ...lines]
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
  return `## Nights\n\n${years} years of nights without a change, ${series} changes of each size.\n\n${table}\n`
}

function quietYears(noise: Noise, years: number) {
  const sums = { alarms: 0, triggers: 0, runs: 0 }
  for (let seed = 1; seed <= years; seed++) {
    const nights = new Nights(new NoisySource(seed, noise))
    for (let night = 0; night < nightsPerYear; night++) {
      const { isAlarm, isTriggered, runs } = nights.next(1)
      sums.alarms += isAlarm ? 1 : 0
      sums.triggers += isTriggered ? 1 : 0
      sums.runs += runs
    }
  }
  return sums
}

function foundText(noise: Noise, factor: number, series: number): string {
  const found: number[] = []
  for (let seed = 1; seed <= series; seed++) {
    const nights = new Nights(new NoisySource(10_000 + seed, noise))
    nights.history(historyNights)
    for (let night = 1; night <= foundWithin; night++) {
      if (!nights.next(factor).isAlarm) continue
      found.push(night)
      break
    }
  }
  const median = found.sort((a, b) => a - b)[found.length >> 1]
  const share = `${((100 * found.length) / series).toFixed(1)} %`
  return median === undefined ? share : `${share}, after ${median}`
}
