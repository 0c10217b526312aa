// The tables of a capacity search: capacity_steps.csv, a row per step, and capacity.csv, a row per load.

import type { CapacityResult } from '../capacity/search/result.ts'
import { curveOf } from './capacityCurve.ts'
import type { Table } from './tables.ts'

const stepColumns = [
  'step',
  'kind',
  'load_per_s',
  'measure_s',
  'attempted',
  'goodput_per_s',
  'p50_us',
  'p99_us',
  'in_flight_mean',
  'verdict',
  'generator',
  'end',
]

/** One row per step, in the order in which they were made. */
export function capacityStepTable({ steps }: Pick<CapacityResult, 'steps'>): Table {
  const rows = steps.map(({ move, observation, verdict }, i) => [
    i + 1,
    move.kind,
    move.loadPerS,
    move.measureUs / 1e6,
    observation.attempted,
    observation.goodputPerS,
    observation.p50Us,
    observation.p99Us,
    observation.inFlightMean,
    verdict,
    observation.generator,
    observation.end,
  ])
  return { columns: stepColumns, rows }
}

/** The curve: one row per load, with the share of requests that break each promise. */
export function capacityTable(result: CapacityResult): Table {
  const names = result.criteria.map(({ name }) => `broken_share ${name}`)
  const columns = ['load_per_s', 'steps', 'goodput_per_s', 'p50_us', 'p99_us', ...names, 'verdict']
  const rows = curveOf(result).map((point) => [
    point.loadPerS,
    point.steps,
    point.goodputPerS,
    point.p50Us,
    point.p99Us,
    ...point.shares,
    point.verdict,
  ])
  return { columns, rows }
}
