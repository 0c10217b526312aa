// A capacity search in the terminal: its verdict, what ends the capacity, and the curve of latency and
// goodput over load.

import type { Crossing } from '../capacity/search/crossing.ts'
import { boundOf, type CapacityResult } from '../capacity/search/result.ts'
import type { Step } from '../capacity/search/search.ts'
import { formatInteger, formatRate, formatShare, formatSpan, unknown } from '../core/format.ts'
import { type CurvePoint, type CurveSource, curveOf } from './capacityCurve.ts'

/** The whole report of a search. */
export function capacityText(result: CapacityResult, folder: string | null): string {
  return [
    ...verdictLines(result),
    '',
    ...boundLines(result),
    '',
    ...curveLines(result),
    '',
    `${result.steps.length} steps, ${formatInteger(result.requests)} requests`,
    ...(folder === null ? [] : [`written to ${folder}`]),
  ].join('\n')
}

/** What the search came to, in a sentence or two. */
export function verdictLines(result: CapacityResult): string[] {
  const { certifiedPerS, estimatedPerS, refutedPerS, first, verdict } = result
  switch (verdict) {
    case 'found':
      return [
        `capacity: ${formatRate(certifiedPerS)} certified (lower 95 % bound, confirmed twice), ${formatRate(estimatedPerS)} estimated, ${formatRate(refutedPerS)} refuted`,
        `the first promise to break: ${first?.name ?? unknown}`,
      ]
    case 'estimated':
      return [
        `capacity: ${formatRate(estimatedPerS)} estimated, not certified: a lower bound was not confirmed twice; ${formatRate(refutedPerS)} refuted`,
        `the first promise to break: ${first?.name ?? unknown}`,
      ]
    case 'all-passed':
      return [
        `capacity: more than ${formatRate(certifiedPerS)}, the highest load that was allowed; raise --max`,
      ]
    case 'broken-at-lowest':
      return [`capacity: none: ${brokenText(result)}`]
    case 'generator':
      return [
        `capacity: at least ${formatRate(certifiedPerS)}; from ${formatRate(result.generatorPerS)} on our generator is the bottleneck`,
      ]
    case 'target-died':
      return ['capacity: not known: the target stopped answering in the last step', partial(result)]
    case 'interrupted':
      return ['capacity: not known yet: the search was stopped before its end', partial(result)]
  }
}

function brokenText({ steps, criteria }: CapacityResult): string {
  const lowest = steps.reduce((a, b) => (b.move.loadPerS < a.move.loadPerS ? b : a))
  const broken = criteria.flatMap(({ name, budget }, c) => {
    const share = shareOf(lowest, c)
    return share !== null && share > budget
      ? [`'${name}' (${formatShare(share)} do not keep it)`]
      : []
  })
  return `at ${formatRate(lowest.move.loadPerS)}, the lowest load that was tried, ${broken.join(' and ')}; is the promise what the target can do at all? --start sets where to begin`
}

function partial({ estimatedPerS, certifiedPerS, refutedPerS }: CapacityResult): string {
  const texts = [
    ...(certifiedPerS === null ? [] : [`at least ${formatRate(certifiedPerS)}`]),
    ...(estimatedPerS === null ? [] : [`${formatRate(estimatedPerS)} by what was seen`]),
    ...(refutedPerS === null ? [] : [`less than ${formatRate(refutedPerS)}`]),
  ]
  const seen = texts.length === 0 ? 'nothing can be said of it' : `so far: ${texts.join(', ')}`
  return `${seen}; every step is kept, --resume goes on`
}

/** What ends the capacity: limiters, the service, or ourselves. */
function boundLines(result: CapacityResult): string[] {
  const { limiter, generatorPerS, hasHysteresis, usl } = result
  const rejected = boundOf(result, ['rejections'])
  const saturated = boundOf(result, ['latency', 'failures'])
  const name = limiter === null ? 'a limiter' : `limiter ${limiter}`
  const hysteresis = {
    null: 'not tried from above',
    true: 'the certified load fails after an overload: the target does not recover by itself',
    false: 'the certified load also holds after an overload',
  }[String(hasHysteresis) as 'null' | 'true' | 'false']
  return [
    rejected === null ? 'no limiter was reached' : `${name} binds at ${rangeText(rejected)}`,
    saturated === null
      ? 'the service was not saturated'
      : `the service saturates at ${rangeText(saturated)}`,
    generatorPerS === null
      ? 'our generator was fit for every load'
      : `our generator was not fit from ${formatRate(generatorPerS)} on`,
    hysteresis,
    'reason' in usl
      ? `scalability law: not identified (${usl.reason})`
      : `scalability law: peak ${formatRate(usl.peakPerS)} (${formatRate(usl.peakPerSRange[0])} to ${formatRate(usl.peakPerSRange[1])}) at ${usl.peakInFlight.toFixed(1)} in flight; contention ${usl.alpha.toPrecision(2)}, coherency ${usl.beta.toPrecision(2)}`,
  ]
}

export function rangeText({ low, estimate, high }: Crossing): string {
  const upper = Number.isFinite(high) ? formatRate(high) : 'above all loads'
  return `${formatRate(estimate)} (${formatRate(low)} to ${upper})`
}

const barColumns = 24
const nameColumns = 8

/** A line per load: goodput as a bar, latencies, the share that breaks each promise, the verdict. */
export function curveLines(result: CurveSource): string[] {
  const curve = curveOf(result)
  const most = Math.max(...curve.map(({ goodputPerS }) => goodputPerS), 1e-9)
  const names = result.criteria.map(({ name }) => name.padStart(nameColumns)).join('  ')
  const head = `${'load'.padStart(9)}  ${'goodput'.padEnd(barColumns + 10)}${'p50'.padStart(9)}${'p99'.padStart(9)}  ${names}  verdict`
  return [
    head,
    ...curve.map((point) =>
      curveLine(
        point,
        most,
        result.criteria.map(({ name }) => name),
      ),
    ),
  ]
}

function curveLine(point: CurvePoint, most: number, names: readonly string[]): string {
  const { loadPerS, goodputPerS, p50Us, p99Us, shares, verdict, steps } = point
  const eighths = Math.round((goodputPerS / most) * barColumns * 8)
  const bar = ('█'.repeat(eighths >> 3) + ' ▏▎▍▌▋▊▉'.charAt(eighths & 7).trim()).padEnd(barColumns)
  const broken = shares
    .map((share, c) => formatShare(share).padStart(Math.max(nameColumns, names[c]!.length)))
    .join('  ')
  const goodput = formatRate(goodputPerS).padEnd(9)
  const times = formatSpan(p50Us).padStart(9) + formatSpan(p99Us).padStart(9)
  const many = steps > 1 ? ` (${steps} steps)` : ''
  return `${formatRate(loadPerS).padStart(9)}  ${bar} ${goodput}${times}  ${broken}  ${verdict}${many}`
}

/** The share of a step's requests that break criterion `c`; null without any. */
function shareOf({ observation }: Step, c: number): number | null {
  const { bad, all } = observation.counts[c]!
  const total = all.reduce((sum, count) => sum + count, 0)
  return total === 0 ? null : bad.reduce((sum, count) => sum + count, 0) / total
}
