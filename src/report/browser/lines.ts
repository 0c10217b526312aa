// Lines and stacks, drawn by uPlot.

import uPlot from 'uplot'
import {
  type ChartSeries,
  type ChartUnit,
  type ChartX,
  formatNines,
  formatValue,
  formatX,
  type LineChart,
} from '../chart.ts'
import {
  axis,
  clockSteps,
  colour,
  type Drawing,
  logSplits,
  marksPlugin,
  sizeOf,
  withLegendKeys,
} from './plot.ts'

export function drawLines(chart: LineChart, place: HTMLElement): Drawing {
  const isStack = chart.kind === 'stack'
  // The tallest is drawn first, and what it covers is drawn over it.
  const series = isStack ? [...chart.series].reverse() : chart.series
  const values = isStack ? stacked(series) : series.map(cleanOf(chart))
  const right = series.find((one) => isRight(one, chart) && one.isHidden !== true)
  const options: uPlot.Options = {
    ...sizeOf(place),
    scales: scalesOf(chart),
    axes: [
      axis(xAxis(chart.x)),
      axis(yAxis(chart)),
      ...(right === undefined ? [] : [rightAxis(right.unit!)]),
    ],
    series: [
      { label: legendTitle(chart.x), value: xValue(chart.x) },
      ...series.map((one) => ({ ...styleOf(one, chart), value: legendValue(one, chart) })),
    ],
    plugins: [marksPlugin(chart.marks)],
    cursor: { drag: { x: true, y: false } },
  }
  const data = [chart.x.values, ...values] as uPlot.AlignedData
  return withLegendKeys(new uPlot(options, data, place))
}

function isRight({ unit }: ChartSeries, chart: LineChart): boolean {
  return unit !== undefined && unit !== chart.unit
}

function legendTitle(x: ChartX): string {
  return x.kind === 'labels' ? x.title : legendTitles[x.kind]
}

const legendTitles = { seconds: 'at', nines: 'percentile', perS: 'load' }

/** Each on top of those after it. */
function stacked(series: readonly ChartSeries[]): number[][] {
  const sums: number[] = []
  return series
    .toReversed()
    .map(({ values }) => {
      for (const [i, value] of values.entries()) sums[i] = (sums[i] ?? 0) + (value ?? 0)
      return [...sums]
    })
    .reverse()
}

/** A logarithm has no place for 0. */
function cleanOf({ isLog, unit: own }: LineChart) {
  return ({ values, unit }: ChartSeries) =>
    isLog === true && (unit ?? own) === own
      ? values.map((value) => (value === null || value <= 0 ? null : value))
      : values
}

function scalesOf({ kind, x, isLog, unit }: LineChart): uPlot.Scales {
  const last = x.values.at(-1) ?? 1
  const first = x.values[0] ?? 0
  // The last column has a width, too.
  const end = x.kind === 'seconds' ? last + (x.values[1] ?? first + 1) - first : last
  // Bars of names stand in the middle of their places.
  const half = isOfNames({ kind, x }) ? 0.5 : 0
  const reach: uPlot.Scale = {
    time: false,
    range: (_, min, max) => [min, Math.max(max, min + 1e-6)],
  }
  const most: uPlot.Scale = { range: (_, _min, max) => [0, max > 0 ? max * 1.1 : 1] }
  return {
    x:
      x.kind === 'nines'
        ? { ...reach, distr: 3 }
        : {
            ...reach,
            range: (_, min, max) => [
              min - half,
              max >= last ? Math.max(end + half, min + 1e-6) : max,
            ],
          },
    y: isLog === true ? near : unit === 'share' ? share : most,
    right: most,
  }
}

/** Logarithmic, no wider than what there is. */
const near: uPlot.Scale = {
  distr: 3,
  range: (_, min, max) => (min === null ? [1, 10] : [min / 1.25, max * 1.25]),
}

function isOfNames({ kind, x }: Pick<LineChart, 'kind' | 'x'>): boolean {
  return kind === 'stack' && x.kind === 'labels'
}

const share: uPlot.Scale = { range: (_, _min, max) => [0, Math.max(1.05, max * 1.05)] }

function xAxis(x: ChartX): uPlot.Axis {
  switch (x.kind) {
    case 'nines':
      // Without the filter of logarithmic axes, which leaves powers of ten only.
      return {
        scale: 'x',
        space: 60,
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(nineLabel),
      }
    case 'seconds':
      return {
        scale: 'x',
        space: 70,
        incrs: clockSteps,
        values: (_, splits) => splits.map(secondsLabel),
      }
    case 'perS':
      return { scale: 'x', space: 70, values: (_, splits) => splits.map(formatsOf('perS')) }
    case 'labels':
      return {
        scale: 'x',
        space: 90,
        values: (_, splits) =>
          splits.map((split) => x.labels[x.values.indexOf(split)]?.slice(0, 10) ?? ''),
      }
  }
}

function yAxis({ unit, isLog }: LineChart): uPlot.Axis {
  const values: uPlot.Axis.Values = (_, splits) => splits.map(formatsOf(unit))
  const common = { scale: 'y', size: 66, values }
  if (isLog !== true) return common
  return {
    ...common,
    splits: (_plot, _axis, least, most) => logSplits(least, most),
    filter: (_plot, splits) => splits,
  }
}

/** The median, and one nine after the other. */
function nineLabel(split: number | null): string {
  const isTold = split === 2 || (split !== null && Number.isInteger(Math.log10(split)))
  return isTold ? formatNines(split) : ''
}

function secondsLabel(split: number): string {
  return formatX({ kind: 'seconds', values: [split] }, 0)
}

function formatsOf(unit: ChartUnit) {
  return (split: number | null) => (split === null ? '' : formatValue(split, unit))
}

function rightAxis(unit: ChartUnit): uPlot.Axis {
  return axis({
    scale: 'right',
    side: 1,
    size: 56,
    grid: { show: false },
    incrs: [1, 2, 5].flatMap((factor) =>
      [1, 10, 100, 1e3, 1e4, 1e5].map((power) => factor * power),
    ),
    values: (_, splits) => splits.map(formatsOf(unit)),
  })
}

function styleOf(series: ChartSeries, chart: LineChart): uPlot.Series {
  const stroke = colour(series.colour)
  const isOther = isRight(series, chart)
  const common: uPlot.Series = {
    label: series.label,
    stroke,
    scale: isOther ? 'right' : 'y',
    show: series.isHidden !== true,
  }
  if (chart.kind === 'stack') {
    const paths = isOfNames(chart)
      ? uPlot.paths.bars!({ size: [0.6, 120] })
      : uPlot.paths.bars!({ size: [1], align: 1, gap: 0 })
    return { ...common, fill: stroke, width: 0, paths, points: { show: false } }
  }
  const isFew = chart.x.values.length <= 40 && chart.x.kind !== 'nines' && !isOther
  const filter = isFew ? {} : { filter: loneIndices(series.values) }
  return {
    ...common,
    width: series.isDashed === true ? 1 : 1.75,
    spanGaps: chart.isJoined === true,
    points: { show: true, size: 5, fill: stroke, ...filter },
    ...(series.isDashed === true ? { dash: [5, 4] } : {}),
  }
}

/** Values between unknown ones have no line, and need points to be seen. */
function loneIndices(values: ChartSeries['values']): () => number[] {
  const isKnown = (i: number) => (values[i] ?? null) !== null
  const lone = values.flatMap((_, i) =>
    isKnown(i) && !isKnown(i - 1) && !isKnown(i + 1) ? [i] : [],
  )
  return () => lone
}

/** The value itself, not where its line is in a stack. */
function legendValue({ values, unit }: ChartSeries, chart: LineChart) {
  return (_plot: uPlot, _raw: number, _series: number, index: number | null) =>
    index === null ? '–' : formatValue(values[index] ?? null, unit ?? chart.unit)
}

function xValue(x: ChartX) {
  return (_plot: uPlot, _raw: number, _series: number, index: number | null) =>
    index === null ? '–' : formatX(x, index)
}
