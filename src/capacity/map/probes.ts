// The few points at which a map is tried on the real target: beside each border, as near as what is
// known of the target allows, cheap and quick ones first.

import { costIn, limitOf, type NamedLimiter } from '../../core/limits.ts'
import type { Micros } from '../../core/units.ts'
import { costOf, none, type Plane, type Point, playPoint } from './plane.ts'

/** Steady traffic to send, and which limiter is expected to say no first (null: none). */
export interface Probe {
  readonly point: Point
  readonly expected: string | null
  /** How long it goes on at the most. */
  readonly untilUs: Micros
  /** Requests it is expected to take. */
  readonly requests: number
  /** Units it is expected to take of each limiter, as a share of that limiter's limit. */
  readonly shares: readonly number[]
}

export interface ProbeOptions {
  readonly probesMax: number
  /** Probes on each side of each border. */
  readonly perSide: number
  /** What all probes together may take of each limiter, in units of its limit. */
  readonly sharesMax: number
}

/** What one probe may take of a limiter, in units of its limit. */
const probeShareMax = 2.5

/** A probe stays so far off a border that these errors of traffic and service do not cross it. */
const trafficTolerance = 0.04
const serviceTolerance = 0.15
/** What network and machine add to a service time. */
const overheadUs: Micros = 5_000

/** Cells to walk away from a border until a point is safe. */
const walkMax = 6

/** Chooses probes on both sides of every border of a plane. */
export function chooseProbes(plane: Plane, options: ProbeOptions): Probe[] {
  const sides = [...bordersOf(plane).values()].map((cells) => {
    const safe = cells.flatMap((cell) => safeProbe(plane, cell) ?? [])
    const unique = [...new Map(safe.map((probe) => [pointKey(probe), probe])).values()]
    return unique.sort((a, b) => effortOf(a) - effortOf(b)).slice(0, options.perSide)
  })
  // The cheapest of every side before the second of any.
  const inTurns = Array.from({ length: options.perSide }, (_, i) =>
    sides.flatMap((probes) => probes[i] ?? []),
  ).flat()
  const distinct = [...new Map(inTurns.map((probe) => [pointKey(probe), probe])).values()]
  return withinShares(distinct.slice(0, options.probesMax), options.sharesMax)
}

/** What the probes are expected to take of each limiter together, in units of its limit. */
export function sharesOf(limiters: readonly NamedLimiter[], probes: readonly Probe[]): number[] {
  return limiters.map((_, i) => probes.reduce((sum, { shares }) => sum + shares[i]!, 0))
}

interface BorderCell {
  readonly column: number
  readonly row: number
  /** The way from the border into the cell's own region. */
  readonly step: readonly [columns: number, rows: number]
}

/** Cells beside a border, by their own winner and the one on the other side. */
function bordersOf({ winners }: Plane): Map<string, BorderCell[]> {
  const borders = new Map<string, BorderCell[]>()
  const add = (own: number, other: number, cell: BorderCell) => {
    const key = `${own} ${other}`
    const cells = borders.get(key)
    if (cells === undefined) borders.set(key, [cell])
    else cells.push(cell)
  }
  for (const [row, line] of winners.entries()) {
    for (const [column, own] of line.entries()) {
      for (const [right, up] of [
        [1, 0],
        [0, 1],
      ] as const) {
        const other = winners[row + up]?.[column + right]
        if (other === undefined || other === own) continue
        // `|| 0`: a step of -0 is none.
        add(own, other, { column, row, step: [-right || 0, -up || 0] })
        add(other, own, { column: column + right, row: row + up, step: [right, up] })
      }
    }
  }
  return borders
}

/** The nearest point to the border, in the cell's region, that is safe to predict; null: none is. */
function safeProbe(plane: Plane, { column, row, step }: BorderCell): Probe | null {
  const { winners } = plane
  const own = winners[row]![column]!
  for (let i = 0; i <= walkMax; i++) {
    const [c, r] = [column + i * step[0], row + i * step[1]]
    if (winners[r]?.[c] !== own) return null
    const probe = probeAt(plane, { tokens: plane.tokens[c]!, perMin: plane.perMin[r]! })
    const isOwn = probe.expected === (own === none ? null : plane.spec.limiters[own]!.name)
    if (isOwn && isSafe(plane, probe)) return probe
  }
  return null
}

function probeAt({ spec }: Plane, point: Point): Probe {
  const { limiters } = spec
  const cost = costOf(spec, point.tokens)
  const perCall = limiters.map(({ model }) => {
    // Slots come back; what they allow at once is no cost.
    if (model.algorithm.kind === 'concurrency') return 0
    return costIn(model.unit, cost) / limitOf(model.algorithm)
  })
  const dearest = Math.max(...perCall, 0)
  const affordable = dearest === 0 ? Number.POSITIVE_INFINITY : probeShareMax / dearest
  // The call that is rejected has to be one of them, however dear calls are.
  const calls = Math.max(2, Math.floor(affordable))
  const untilUs = Math.ceil(Math.min(spec.horizonUs, (calls * 60e6) / point.perMin))
  const { limiter, sent } = playPoint(spec, point, { untilUs })
  return {
    point,
    expected: limiter,
    untilUs,
    requests: sent,
    shares: perCall.map((share) => share * sent),
  }
}

/** Whether the expectation survives what traffic, service and clocks may be off by. */
function isSafe({ spec }: Plane, { point, expected, untilUs }: Probe): boolean {
  const { tokens, perMin } = point
  const nearby = [-1, 1].flatMap((sign) => {
    const factor = 1 + sign * trafficTolerance
    return [
      { tokens, perMin: perMin * factor },
      { tokens: Math.max(2, Math.round(tokens * factor)), perMin },
    ]
  })
  const { baseUs, perTokenUs } = spec.service
  const services = [-1, 0, 1].map((sign) => ({
    ...spec.service,
    baseUs: baseUs * (1 + sign * serviceTolerance) + (sign > 0 ? overheadUs : 0),
    perTokenUs: perTokenUs * (1 + sign * serviceTolerance),
  }))
  const plays = [
    ...nearby.map((near) => playPoint(spec, near, { untilUs })),
    ...services.map((service) => playPoint({ ...spec, service }, point, { untilUs })),
    ...startsOf(spec.limiters).map((startUs) => playPoint(spec, point, { untilUs, startUs })),
  ]
  return plays.every(({ limiter }) => limiter === expected)
}

/** Instants within wall-clock windows: nobody knows when in its window a probe begins. */
function startsOf(limiters: readonly NamedLimiter[]): Micros[] {
  return limiters.flatMap(({ model: { algorithm } }) => {
    const isAnchored = 'anchor' in algorithm && algorithm.anchor === 'wall-clock'
    if (!isAnchored || algorithm.windowUs === null) return []
    const { windowUs } = algorithm
    return [1, 3, 5, 7].map((eighths) => Math.round((windowUs * eighths) / 8))
  })
}

/** What a probe takes of anybody's patience: its time, and its share of the limits. */
function effortOf({ untilUs, requests, point, shares }: Probe): number {
  const us = Math.min(untilUs, (requests * 60e6) / point.perMin)
  return us / 60e6 + Math.max(...shares, 0) / 10
}

function withinShares(probes: readonly Probe[], sharesMax: number): Probe[] {
  const sums: number[] = []
  return probes.filter(({ shares }) => {
    if (shares.some((share, i) => (sums[i] ?? 0) + share > sharesMax)) return false
    for (const [i, share] of shares.entries()) sums[i] = (sums[i] ?? 0) + share
    return true
  })
}

function pointKey({ point }: Probe): string {
  return `${point.tokens} ${point.perMin}`
}
