import { describe, expect, test } from 'vitest'
import { Nights, type Noise, NoisySource } from '../testing/nights.ts'
import { phase, plan, scenario } from '../testing/simulate.ts'
import { confirmation } from './confirmation.ts'
import { type MetricSeries, metricRows, targetNameOf, workloadOf } from './metricHistory.ts'
import { suspicionsOf, withoutFalseDiscoveries } from './nightly.ts'
import { triggerOf, withoutOutliers } from './nightTrigger.ts'
import { trendOf } from './trend.ts'

const calm: Noise = { deviation: 0.03, outliers: 0, persistence: 0 }

/** A history of that many nights, and what follows it. */
function valuesOf(nights: number, ...then: number[]): number[] {
  const source = new NoisySource(3, { ...calm, deviation: 0.01 })
  return [...Array.from({ length: nights }, () => source.night()), ...then]
}

function seriesOf(values: readonly number[], changes: Partial<MetricSeries> = {}): MetricSeries {
  return {
    workload: 'w',
    target: 't',
    scenario: 's',
    lane: 'free',
    shape: 'cheap',
    name: 'p50 response',
    unit: 'us',
    worse: 'higher',
    points: values.map((value, i) => ({
      runId: `run-${i}`,
      startedAt: new Date(Date.UTC(2026, 0, 1 + i)).toISOString(),
      value,
    })),
    ...changes,
  }
}

describe('a night is suspicious', () => {
  test('at once, when it is far off', () => {
    expect(triggerOf({ values: valuesOf(20, 1.2), known: [] })).toMatchObject({
      kind: 'big',
      index: 20,
    })
  })

  test('after some nights, when it is a little off', () => {
    const trigger = triggerOf({ values: valuesOf(20, 1.05, 1.05, 1.05), known: [] })
    expect(trigger).toMatchObject({ kind: 'recent', index: 20 })
    expect(trigger!.change).toBeCloseTo(0.05, 1)
  })

  test('not when nothing happened, when it is better, or when there is no history', () => {
    expect(triggerOf({ values: valuesOf(40), known: [] })).toBeNull()
    expect(triggerOf({ values: valuesOf(20, 0.8), known: [] })).toBeNull()
    expect(triggerOf({ values: [1, 1, 1.5], known: [] })).toBeNull()
  })

  test('not again, when the level was found to have changed', () => {
    const values = valuesOf(20, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2)
    expect(triggerOf({ values, known: [] })).not.toBeNull()
    expect(triggerOf({ values, known: [20] })).toBeNull()
  })

  test('by the value that gets worse, for rates as for times', () => {
    const falling = seriesOf(valuesOf(20, 0.8), { name: 'ok rate', unit: 'perS', worse: 'lower' })
    const found = suspicionsOf([falling, seriesOf(valuesOf(20))], new Map())
    expect(found.map(({ name }) => name)).toEqual(['ok rate'])
    const starts = new Map([['s\nfree\ncheap\nok rate', new Set(['run-20'])]])
    expect(suspicionsOf([falling], starts)).toEqual([])
  })

  test('single outliers are no history', () => {
    expect(withoutOutliers([1, 1, 1.01, 9, 1, 0.99, 1])[3]).toBe(1)
  })
})

describe('pairs of runs', () => {
  const same = (value: number, n: number) => Array.from({ length: n }, (_, i) => value + i / 1e4)

  test('decide after ten when all ten are worse', () => {
    expect(confirmation(same(0.05, 9))).toBeNull()
    expect(confirmation(same(0.05, 10))).toMatchObject({
      verdict: 'REGRESSION',
      pairs: 10,
      p: 1 / 1024,
    })
    expect(confirmation(same(-0.05, 10))).toMatchObject({ verdict: 'NOISE' })
  })

  test('go on to twenty when ten leave it open, and no further', () => {
    const open = [...same(0.05, 8), -0.04, -0.05]
    expect(confirmation(open)).toBeNull()
    expect(confirmation([...open, ...same(0.05, 10)])).toMatchObject({
      verdict: 'REGRESSION',
      pairs: 20,
    })
    expect(confirmation([...open, ...same(-0.01, 10)])).toMatchObject({
      verdict: 'NOISE',
      pairs: 20,
    })
  })

  test('take no change for one that is too small to matter', () => {
    expect(confirmation(same(0.01, 20))).toMatchObject({ verdict: 'NOISE' })
    expect(confirmation(same(0.05, 20), { changeLeast: 0.1 })).toMatchObject({ verdict: 'NOISE' })
  })

  test('of many metrics at once have to be surer', () => {
    const trigger = { kind: 'big', change: 0.1, index: 9 } as const
    const id = { scenario: 's', lane: '', shape: '', name: 'm', worse: 'higher', trigger } as const
    const at = (p: number) => {
      return { ...id, confirmation: { ...confirmation(same(0.05, 10))!, p } }
    }
    const many = [at(0.04), ...Array.from({ length: 9 }, () => at(0.9))]
    expect(withoutFalseDiscoveries([at(0.04)])[0]!.confirmation!.verdict).toBe('REGRESSION')
    expect(withoutFalseDiscoveries(many)[0]!.confirmation!.verdict).toBe('NOISE')
  })
})

test('nights: a sample of what the bench measures', () => {
  const quiet = new Nights(new NoisySource(1, calm))
  quiet.history(30)
  const outcomes = Array.from({ length: 120 }, () => quiet.next(1))
  expect(outcomes.filter(({ isAlarm }) => isAlarm)).toHaveLength(0)
  const found = Array.from({ length: 20 }, (_, seed) => {
    const nights = new Nights(new NoisySource(100 + seed, calm))
    nights.history(30)
    return [1, 2, 3, 4, 5].some(() => nights.next(1.1).isAlarm)
  })
  expect(found.filter((isFound) => isFound).length).toBeGreaterThanOrEqual(19)
})

describe('trend', () => {
  test('finds where a series changed, and which way', () => {
    const stepped = [...valuesOf(30), ...valuesOf(30).map((value) => value * 1.1)]
    const { series } = trendOf([
      seriesOf(stepped),
      seriesOf(valuesOf(40), { name: 'p90 response' }),
    ])
    expect(series.map(({ name, changes }) => [name, changes.length])).toEqual([
      ['p50 response', 1],
      ['p90 response', 0],
    ])
    expect(series[0]!.changes[0]).toMatchObject({ runId: 'run-30', index: 30, isWorse: true })
    expect(series[0]!.changes[0]!.ratio).toBeCloseTo(1.1, 2)
  })

  test('a workload is the same whatever its seed, target and limits', () => {
    const one = plan({ scenarios: [scenario('s', phase({}))] })
    const other = { ...one, seed: 99, target: { kind: 'gateway', preset: 'openai' } as const }
    expect(workloadOf(other)).toBe(workloadOf(one))
    expect(workloadOf({ ...one, shapes: [] })).not.toBe(workloadOf(one))
    expect(targetNameOf(other)).toBe('gateway:openai')
  })

  test('a run that did not end has no metrics', () => {
    const summary = { reason: 'interrupted' } as Parameters<typeof metricRows>[1]
    expect(metricRows(plan({}), summary, '0')).toEqual([])
  })
})
