// Where the parameters of each class are to be looked for, by what catches the eye in a trace. Many
// candidates, cheaply refuted; a search goes on from the best of them.

import type { Micros } from '../core/units.ts'
import type { Release, TraceFeatures } from './features.ts'
import type { Parameters } from './parameters.ts'

const shares = [0.1, 0.3, 0.5, 0.7, 0.9]
const windowsApart = [1, 2, 3, 4, 5, 6, 8, 10]
const windowsApartMost = 120
const sharpMost = 6
const recent = -6
const cyclesMost = 3

/** What was charged at a start, or at a denial, comes back one window later. */
export function spanSeeds(features: TraceFeatures, chargesRejected: boolean): Parameters[] {
  const { releases, starts, denials, firstWaitUs } = features
  const charges = chargesRejected ? [...starts, ...denials] : starts
  const apart = releases
    .slice(recent)
    .flatMap(({ stretch }) =>
      charges
        .filter((us) => us < stretch[0])
        .flatMap((us) => [0.1, 0.5, 0.9].map((x) => between(stretch, x) - us)),
    )
  const wide = ratios(firstWaitUs[0] * 0.2, firstWaitUs[1] * 1.6, 60)
  return withLimits(
    features,
    [...apart, ...wide].map((spanUs) => ({ spanUs, phaseUs: 0 })),
  )
}

/** A window that denials extend is shorter than the pause before a release. */
export function extendedSeeds(features: TraceFeatures): Parameters[] {
  const pauses = features.releases.flatMap(({ pauseUs }) =>
    ratios(pauseUs * 0.6, pauseUs, 16).map((spanUs) => ({ spanUs, phaseUs: 0 })),
  )
  return withLimits(features, pauses)
}

/** A boundary lies in every release, some whole number of windows before the final one. */
export function boundarySeeds(features: TraceFeatures): Parameters[] {
  const { releases, firstWaitUs } = features
  const final = releases.at(-1)!.stretch
  const pairs = releases
    .slice(recent, -1)
    .flatMap(({ stretch }) =>
      windowsApart.flatMap((windows) => boundaryPairs(stretch, final, windows)),
    )
  const alone = ratios(firstWaitUs[0] * 0.9, firstWaitUs[1] * 12, 50).flatMap((spanUs) =>
    shares.map((x) => ({ spanUs, phaseUs: between(final, x) })),
  )
  return withLimits(features, [
    ...pairs.filter(({ spanUs }) => spanUs > firstWaitUs[0] * 0.1),
    ...aliasPlaces(features),
    ...alone,
  ])
}

/**
 * Every window, or beat, that has a boundary in all sharp releases: between two of them lie a whole number, no
 * matter how large, as far as a window is no shorter than the longest stretch of denials.
 */
function aliasPlaces({ releases }: TraceFeatures) {
  const sharp = sharpest(releases, sharpMost).sort((a, b) => a.stretch[0] - b.stretch[0])
  const [first, final] = surestPair(sharp)
  const leastUs = Math.max(...releases.map(({ deniedUs }) => deniedUs))
  const apartUs = final.stretch[1] - first.stretch[0]
  const most = Math.min(windowsApartMost, Math.floor(apartUs / Math.max(1, leastUs)))
  const places = Array.from({ length: Math.max(0, most) }, (_, i) =>
    boundaryPairs(first.stretch, final.stretch, i + 1),
  ).flat()
  return places.filter((place) => sharp.every(({ stretch }) => hasBoundary(place, stretch)))
}

/** The two, in order, between which the time is known best; one alone stands for both. */
function surestPair(releases: readonly Release[]): readonly [first: Release, final: Release] {
  const alone = releases[0]!
  const pairs = releases.flatMap((a, i) => releases.slice(i + 1).map((b) => [a, b] as const))
  const errorOf = ([a, b]: readonly [Release, Release]) =>
    (width(a.stretch) + width(b.stretch)) / (b.stretch[1] - a.stretch[0])
  return pairs.sort((a, b) => errorOf(a) - errorOf(b))[0] ?? [alone, alone]
}

/** Whether a boundary may lie in a stretch, give or take as much as the place itself may be off by. */
function hasBoundary(
  { spanUs, phaseUs }: { spanUs: Micros; phaseUs: Micros },
  [low, high]: readonly [Micros, Micros],
): boolean {
  const slackUs = 0.5 * (high - low) + 0.01 * spanUs
  const afterUs = (((phaseUs - (low - slackUs)) % spanUs) + spanUs) % spanUs
  return afterUs <= high - low + 2 * slackUs
}

function boundaryPairs(
  stretch: readonly [Micros, Micros],
  final: readonly [Micros, Micros],
  windows: number,
) {
  return [0.15, 0.5, 0.85].flatMap((x) =>
    [0.15, 0.5, 0.85].map((y) => ({
      spanUs: (between(final, y) - between(stretch, x)) / windows,
      phaseUs: between(final, y),
    })),
  )
}

/**
 * Counters fade from a boundary on, by one unit every W / L: that pace shows between two releases, and
 * the first unit comes back so long after the boundary.
 */
export function fadingSeeds(features: TraceFeatures, hasPhase: boolean): Parameters[] {
  const { admitted, releases, firstUs, firstWaitUs } = features
  const [first] = releases
  const wide = ratios(firstWaitUs[0] * 0.45, firstWaitUs[1] * 6, 30).flatMap((spanUs) =>
    Array.from({ length: hasPhase ? 12 : 1 }, (_, i) => ({
      spanUs,
      phaseUs: firstUs - (spanUs * (i + 0.5)) / 12,
    })),
  )
  const sharp = sharpest(releases.slice(0, 8), 3).map(({ stretch, before }) => ({
    us: between(stretch, 0.5),
    units: before - admitted + 1,
  }))
  const paced = unitPaces(features).flatMap((unitUs) =>
    sharp.map(({ us, units }) => ({ spanUs: unitUs * admitted, phaseUs: us - units * unitUs })),
  )
  const firsts = shares.map((x) => ({
    spanUs: ((between(first!.stretch, x) - firstUs) * admitted) / (admitted + 1),
    phaseUs: between(first!.stretch, x),
  }))
  return withLimits(features, [...paced, ...firsts, ...wide])
}

/** Units that passed between two releases came back in the time between. */
function unitPaces({ releases }: TraceFeatures): number[] {
  const early = releases.slice(0, 8)
  return early.flatMap((a, i) =>
    early
      .slice(i + 1)
      .filter((b) => b.before > a.before)
      .flatMap((b) =>
        [0.1, 0.5, 0.9].map(
          (x) => (between(b.stretch, x) - between(a.stretch, 1 - x)) / (b.before - a.before),
        ),
      ),
  )
}

/** A bucket is spent, and comes back unit by unit. */
export function bucketSeeds(features: TraceFeatures, from: number, to: number): Parameters[] {
  const { admitted, burstUs } = features
  const spans = [...ratios(from, to, 40), ...unitPaces(features)].filter((spanUs) => spanUs > 0)
  return spans.flatMap((spanUs) =>
    fullLimits(admitted, Math.floor(burstUs / spanUs)).map((limit) => ({
      limit,
      spanUs,
      phaseUs: 0,
      step: 1,
    })),
  )
}

const returnsMost = 6

/** What came back during the burst passed, too; all of it, or some where requests lose what had come back. */
function fullLimits(admitted: number, returned: number): readonly number[] {
  const parts = Math.min(returned, returnsMost)
  const returns = Array.from({ length: parts + 1 }, (_, i) =>
    parts === 0 ? 0 : Math.round((i * returned) / parts),
  )
  const near = returns.flatMap((units) => [-1, 0, 1].map((by) => admitted - units + by))
  return [...new Set(near)].filter((limit) => limit >= 1)
}

/** Steps come at releases, and bring what was admitted right after one. */
export function stepSeeds(features: TraceFeatures): Parameters[] {
  const { admitted, releases, firstWaitUs } = features
  const final = releases.at(-1)!.stretch
  const seen = mostFrequent(releases.flatMap(({ units, unitsMost }) => [units, unitsMost]))
  const steps = [...new Set([...seen, 2, 3, 5])].filter((n) => n > 1 && n < admitted)
  const apart = releases
    .slice(recent, -1)
    .flatMap(({ stretch }) =>
      [1, 2, 3, 4].map((beats) => (between(final, 0.5) - between(stretch, 0.5)) / beats),
    )
  const everyUs = [...ratios(firstWaitUs[0] * 0.02, firstWaitUs[1] * 2.5, 50), ...apart]
  const near = everyUs.flatMap((us) =>
    [0.2, 0.5, 0.8].map((x) => ({ spanUs: us, phaseUs: between(final, x) })),
  )
  const places = [...near, ...aliasPlaces(features)]
  return steps.flatMap((step) =>
    places.flatMap(({ spanUs, phaseUs }) =>
      [admitted, admitted - step]
        .filter((limit) => limit >= step)
        .map((limit) => ({ limit, spanUs: spanUs / step, phaseUs, step })),
    ),
  )
}

function mostFrequent(values: readonly number[]): number[] {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])
  return sorted.slice(0, 4).map(([value]) => value)
}

function withLimits(
  { admitted, releases, mostCost }: TraceFeatures,
  places: readonly { spanUs: Micros; phaseUs: Micros }[],
): Parameters[] {
  // Before the first denial a window may have passed unnoticed: what came after a release has not.
  const cycles = releases.map(({ unitsMost }) => unitsMost).filter((units) => units > 2 * mostCost)
  const bases = [...new Set([admitted, ...cycles.sort((x, y) => y - x).slice(0, cyclesMost)])]
  const near = bases.flatMap((limit) =>
    mostCost === 1
      ? [limit, limit - 1, limit + 1]
      : [0, 0.25, 0.5, 0.75].map((x) => limit + x * mostCost),
  )
  const limits = [...new Set(near)].filter((limit) => limit > 0)
  return limits.flatMap((limit) => places.map((place) => ({ limit, step: 1, ...place })))
}

function ratios(from: number, to: number, count: number): number[] {
  const low = Math.max(from, 1)
  const factor = (Math.max(to, low) / low) ** (1 / (count - 1))
  return Array.from({ length: count }, (_, i) => low * factor ** i)
}

function sharpest(releases: readonly Release[], count: number): Release[] {
  return [...releases].sort((a, b) => width(a.stretch) - width(b.stretch)).slice(0, count)
}

function width([low, high]: readonly [number, number]): number {
  return high - low
}

function between([low, high]: readonly [number, number], x: number): number {
  return low + (high - low) * x
}
