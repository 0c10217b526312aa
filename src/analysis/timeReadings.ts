// What statements say of spans of time: quantiles with the interval that blocks of the run give them.

import { quantileInterval } from '../core/blockBootstrap.ts'
import { formatInteger, formatSpan } from '../core/format.ts'
import type { Outcome } from '../core/record.ts'
import { sampleFloor } from '../core/statistics.ts'
import type { Measure } from '../recording/slice.ts'
import { type CheckSubject, missing, numeric, type Reading } from './reading.ts'
import type { Quantiles } from './result.ts'
import type { Metric } from './statement.ts'
import { type MeasuredTimes, timesOf } from './times.ts'

export function readTimes({ name, argument, filters }: Metric, subject: CheckSubject): Reading {
  const { lane, shape, outcome = 'ok' } = filters
  const selection = { scenario: subject.name, lane, shape, outcome: outcome as Outcome }
  const times = timesOf(subject.times, selection, argument as Measure)
  if (times === null) return missing(`no ${argument} times of ${outcome} requests`)
  const { count, minUs, meanUs, maxUs } = times.quantiles
  switch (name) {
    case 'min':
      return numeric(minUs!, formatSpan(minUs))
    case 'mean':
      return numeric(meanUs!, `${formatSpan(meanUs)} (n = ${formatInteger(count)})`)
    case 'max':
      return numeric(maxUs!, `${formatSpan(maxUs)} (n = ${formatInteger(count)})`)
    default:
      return readQuantile(name as QuantileName, times)
  }
}

type QuantileName = 'p50' | 'p90' | 'p95' | 'p99' | 'p999'

function readQuantile(name: QuantileName, times: MeasuredTimes): Reading {
  const { count, minUs, maxUs } = times.quantiles
  const q = Number(`0.${name.slice(1)}`)
  const us = times.quantiles[`${name}Us` satisfies keyof Quantiles]
  const floor = sampleFloor(q)
  if (us === null) return missing(`${name} needs at least ${floor} requests, had ${count}`)
  const n = `n = ${formatInteger(count)}`
  const interval = quantileInterval(times.columns, q, { blockSeconds: blockColumns(times) })
  if (interval === null) {
    return {
      ...numeric(us, `${formatSpan(us)} (${n})`),
      bounds: [minUs!, maxUs!],
      sureness: `${whyNone(times)}; answers took ${formatSpan(minUs)} to ${formatSpan(maxUs)}`,
    }
  }
  const { lowUs, highUs, effective } = interval
  if (effective < floor) {
    return missing(
      `${name} needs at least ${floor} independent requests; these ${formatInteger(count)} say as much as ${formatInteger(effective)}`,
    )
  }
  const range = `${formatSpan(lowUs)} to ${formatSpan(highUs)}`
  return {
    ...numeric(us, `${formatSpan(us)} (95 % interval ${range}, ${n}, ${interval.blocks} blocks)`),
    bounds: [Math.min(lowUs, us), Math.max(highUs, us)],
    sureness: `the 95 % interval is ${range}; measure for longer`,
  }
}

function whyNone({ columns }: MeasuredTimes): string {
  if (columns.length === 0) return 'no interval, because these times are not kept second by second'
  return 'too short a run for an interval'
}

const blockUsMost = 10e6
const blockUsLeast = 1e6

/** Columns of a block: 10 s of them, or a tenth of a shorter run, but a second at least. */
function blockColumns({ columns, columnUs }: MeasuredTimes): number {
  const tenthUs = (columns.length * columnUs) / 10
  const blockUs = Math.min(blockUsMost, Math.max(blockUsLeast, tenthUs))
  return Math.max(1, Math.round(blockUs / columnUs))
}
