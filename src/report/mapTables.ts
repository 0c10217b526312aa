// The tables of a map: map.csv, a row per point, and map_probes.csv, a row per probe.

import type { MapResult } from '../capacity/map/result.ts'
import type { Table } from './tables.ts'

/** One row per point of the plane; `limiter` is empty where none says no. */
export function mapTable({ plane }: MapResult): Table {
  const { tokens, perMin, winners, spec } = plane
  const rows = winners.flatMap((line, row) =>
    line.map((winner, column) => [
      tokens[column]!,
      Number(perMin[row]!.toPrecision(6)),
      spec.limiters[winner]?.name ?? null,
    ]),
  )
  return { columns: ['tokens_per_call', 'calls_per_min', 'limiter'], rows }
}

const probeColumns = [
  'probe',
  'tokens_per_call',
  'calls_per_min',
  'expected_limiter',
  'found_limiter',
  'confidence',
  'verdict',
  'admitted_requests_before',
  'reason',
]

/** One row per point that was tried on the target. */
export function mapProbeTable({ verdicts }: MapResult): Table {
  const rows = (verdicts ?? []).map(({ probe, ...verdict }, i) => [
    i + 1,
    probe.point.tokens,
    Number(probe.point.perMin.toPrecision(6)),
    probe.expected,
    verdict.found,
    verdict.confidence,
    verdict.verdict,
    verdict.admitted,
    verdict.reason === '' ? null : verdict.reason,
  ])
  return { columns: probeColumns, rows }
}
