// The charts of a run, made from its timeline.

import type { RunSummary } from '../analysis/result.ts'
import { otherName, outcomes } from '../core/record.ts'
import type {
  LatencyCurve,
  QuantileValues,
  ShapeTimeline,
  Timeline,
  Values,
} from '../recording/timelineFile.ts'
import type { Chart, ChartColour, ChartMark, ChartSeries, ChartX, HeatChart } from './chart.ts'
import { formatSeconds } from './chart.ts'

/** Another run, to be drawn behind this one. */
export interface Baseline {
  readonly runId: string
  readonly curves: readonly LatencyCurve[]
}

const colours: readonly ChartColour[] = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6']
const colourOf = (i: number) => colours[i % colours.length]!

/** In the order in which they stand on the page; charts with nothing to show are left out. */
export function runCharts(
  timeline: Timeline,
  summary: RunSummary,
  baseline: Baseline | null,
): Chart[] {
  const axis = new TimeAxis(timeline)
  return [
    responsesChart(axis, summary),
    offeredChart(axis),
    ...timeline.shapes.map((shape, i) => shapeChart(axis, shape, i)),
    heatChart(timeline),
    percentilesChart(timeline.curves, baseline),
    ...tokenCharts(axis),
    ...gaugeCharts(axis, summary),
  ].filter((chart) => chart !== null)
}

/** The columns of a run as an axis; values per column as rates. */
class TimeAxis {
  readonly timeline: Timeline
  readonly columnS: number
  readonly x: ChartX
  /** Where phases began. */
  readonly phases: readonly ChartMark[]

  constructor(timeline: Timeline) {
    this.timeline = timeline
    this.columnS = timeline.columnUs / 1e6
    const values = Array.from({ length: timeline.columns }, (_, i) => i * this.columnS)
    this.x = { kind: 'seconds', values }
    this.phases = timeline.phases.map(({ us, scenario, phase }) => ({
      x: us / 1e6,
      label: phase === scenario ? scenario : `${scenario} / ${phase}`,
      isQuiet: true,
    }))
  }

  perS(values: Values): (number | null)[] {
    return values.map((value) => (value === null ? null : value / this.columnS))
  }

  get columnText(): string {
    return formatSeconds(this.columnS)
  }
}

function responsesChart(axis: TimeAxis, summary: RunSummary): Chart {
  const { counts } = axis.timeline
  const series = outcomes
    .filter((outcome) => counts[outcome].some((count) => count !== 0))
    .map((outcome) => ({ label: outcome, colour: outcome, values: axis.perS(counts[outcome]) }))
  const rejections = summary.scenarios.flatMap(({ findings }) =>
    findings.flatMap(({ limiter, lane, first }) =>
      first === null ? [] : [{ x: first.us / 1e6, label: `${limiter} (${lane})` }],
    ),
  )
  return {
    kind: 'stack',
    id: 'responses',
    title: 'Responses per second by outcome',
    note: `Stacked, in steps of ${axis.columnText}. Lines mark the first rejection of each limiter, dotted ones where phases begin.`,
    x: axis.x,
    unit: 'perS',
    series,
    marks: [...axis.phases, ...rejections],
  }
}

function offeredChart(axis: TimeAxis): Chart {
  const { due, counts, inFlightMax } = axis.timeline
  return {
    kind: 'lines',
    id: 'offered',
    title: 'Offered and achieved',
    note: 'Offered are requests that were due, whether they could be sent or not; achieved are answers that were OK. Most requests in flight are on the right axis.',
    x: axis.x,
    unit: 'perS',
    series: [
      { label: 'offered', colour: 'c1', values: axis.perS(due) },
      { label: 'achieved', colour: 'ok', values: axis.perS(counts.ok) },
      { label: 'in flight', colour: 'c4', values: inFlightMax, unit: 'count', isDashed: true },
    ],
    marks: axis.phases,
  }
}

function shapeChart(axis: TimeAxis, { shape, response }: ShapeTimeline, i: number): Chart {
  const name = shape === otherName ? 'all shapes' : shape
  return {
    kind: 'lines',
    id: `response-${i}`,
    title: `Response time of OK answers: ${name}`,
    note: `From the intended start, quantiles of each ${axis.columnText}, without warm-up. Rejections and errors are not in here. With few answers in a step its p99 is their maximum.`,
    x: axis.x,
    unit: 'us',
    isLog: true,
    series: quantileSeries(response),
    marks: axis.phases,
  }
}

function quantileSeries({ p50Us, p90Us, p99Us, maxUs, count }: QuantileValues): ChartSeries[] {
  return [
    { label: 'p50', colour: 'c1', values: p50Us },
    { label: 'p90', colour: 'c2', values: p90Us },
    { label: 'p99', colour: 'c3', values: p99Us },
    { label: 'max', colour: 'aborted', values: maxUs, isDashed: true },
    { label: 'answers', colour: 'unsent', values: count, unit: 'count', isHidden: true },
  ]
}

function heatChart({ heat, columnUs, columns }: Timeline): HeatChart | null {
  if (heat.cells.length === 0) return null
  return {
    kind: 'heat',
    id: 'heat',
    title: 'Response times of OK answers over time',
    note: 'The darker, the more answers took that long. Two bands are two kinds of answers; a percentile shows only one of them.',
    columnS: columnUs / 1e6,
    columns,
    edgesUs: heat.edgesUs,
    cells: heat.cells,
  }
}

function percentilesChart(
  curves: readonly LatencyCurve[],
  baseline: Baseline | null,
): Chart | null {
  if (curves.length === 0) return null
  const named = [
    ...curves.map((curve) => ({ curve, suffix: '', isDashed: false })),
    ...(baseline?.curves ?? [])
      .filter((curve) => curves.some((own) => nameOf(own) === nameOf(curve)))
      .map((curve) => ({ curve, suffix: ` (${baseline!.runId})`, isDashed: true })),
  ]
  const xs = [...new Set(named.flatMap(({ curve }) => curve.points.map(([q]) => xOf(q))))]
  xs.sort((a, b) => a - b)
  const overlay = baseline === null ? '' : ` Dashed: ${baseline.runId}.`
  return {
    kind: 'lines',
    id: 'percentiles',
    title: 'Response time by percentile',
    note: `All measured OK answers; each step to the right is one nine more, each line ends with its slowest answer.${overlay}`,
    x: { kind: 'nines', values: xs },
    unit: 'us',
    isLog: true,
    isJoined: true,
    series: named.map(({ curve, suffix, isDashed }) => ({
      label: `${nameOf(curve)}${suffix}`,
      colour: colourOf(curves.findIndex((own) => nameOf(own) === nameOf(curve))),
      values: valuesAt(xs, curve),
      isDashed,
    })),
    marks: [],
  }
}

function nameOf({ scenario, lane, shape }: LatencyCurve): string {
  return `${scenario} · ${lane} · ${shape}`
}

function xOf(q: number): number {
  return Number((1 / (1 - q)).toPrecision(6))
}

function valuesAt(xs: readonly number[], { points }: LatencyCurve): (number | null)[] {
  const byX = new Map(points.map(([q, us]) => [xOf(q), us]))
  return xs.map((x) => byX.get(x) ?? null)
}

function tokenCharts(axis: TimeAxis): (Chart | null)[] {
  const { promptTokens, completionTokens, shapes } = axis.timeline
  const has = (values: Values) => values.some((value) => value !== 0 && value !== null)
  if (!has(promptTokens) && !has(completionTokens)) return []
  const tokens: Chart = {
    kind: 'lines',
    id: 'tokens',
    title: 'Tokens per second',
    note: 'Of the requests that ended in a step, as the target reported them, or estimated where it did not.',
    x: axis.x,
    unit: 'perS',
    series: [
      { label: 'completion', colour: 'c1', values: axis.perS(completionTokens) },
      { label: 'prompt', colour: 'c4', values: axis.perS(promptTokens) },
    ],
    marks: axis.phases,
  }
  return [tokens, streamChart(axis, shapes, 'ttft'), streamChart(axis, shapes, 'itl')]
}

const streamTitles = {
  ttft: ['Time to first token', 'From the actual send to the first token that says something.'],
  itl: ['Time between tokens', 'Gaps between the tokens of a stream.'],
} as const

function streamChart(
  axis: TimeAxis,
  shapes: readonly ShapeTimeline[],
  measure: 'ttft' | 'itl',
): Chart | null {
  const streaming = shapes.filter((shape) => shape[measure] !== null)
  if (streaming.length === 0) return null
  const [title, note] = streamTitles[measure]
  return {
    kind: 'lines',
    id: measure,
    title,
    note,
    x: axis.x,
    unit: 'us',
    isLog: true,
    series: streaming.flatMap((shape, i) => [
      { label: `${shape.shape} p50`, colour: colourOf(i), values: shape[measure]!.p50Us },
      {
        label: `${shape.shape} p99`,
        colour: colourOf(i),
        values: shape[measure]!.p99Us,
        isDashed: true,
      },
    ]),
    marks: axis.phases,
  }
}

/** One chart for each lane: the share of each limit that is used. */
function gaugeCharts(axis: TimeAxis, summary: RunSummary): Chart[] {
  const lanes = [...new Set(axis.timeline.gauges.map(({ lane }) => lane))]
  return lanes.map((lane, number) => ({
    kind: 'lines',
    id: `used-${number}`,
    title: `Used of each limit: ${lane}`,
    note: 'What the lane had used of each declared limit, at most, by our own count. At 100 % the next request should be rejected.',
    x: axis.x,
    unit: 'share',
    series: axis.timeline.gauges
      .filter((gauge) => gauge.lane === lane)
      .map(({ limiter, used, limit }, i) => ({
        label: limiter,
        colour: colourOf(i),
        values: used.map((value, at) => shareOf(value, limit[at] ?? null)),
      })),
    marks: summary.scenarios.flatMap(({ findings }) =>
      findings.flatMap((finding) =>
        finding.lane === lane && finding.first !== null
          ? [{ x: finding.first.us / 1e6, label: finding.limiter }]
          : [],
      ),
    ),
  }))
}

function shareOf(used: number | null, limit: number | null): number | null {
  return used === null || limit === null || limit === 0 ? null : used / limit
}
