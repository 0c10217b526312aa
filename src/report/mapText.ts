// A map in the terminal: two rows of the plane per line of text, in half-block cells; letters where
// there are no colours.

import { crossovers } from '../capacity/map/economics.ts'
import type { MapResult } from '../capacity/map/result.ts'
import { formatCount, formatInteger, formatShare, formatSpan } from '../core/format.ts'
import { describeLimiter } from '../limiters/models.ts'
import { colourOf, letterOf, sgr, sgrReset } from './palette.ts'

export interface MapTextOptions {
  readonly colour: boolean
  /** Where files were written; null: nowhere. */
  readonly folder: string | null
}

/** The map, its legend, its crossovers and what became of its probes. */
export function mapText(result: MapResult, { colour, folder }: MapTextOptions): string {
  const { plane, source } = result
  return [
    `which limiter says no first: ${source}, one key, steady traffic of up to ${formatSpan(plane.spec.horizonUs)}`,
    '',
    ...planeLines(result, colour),
    '',
    ...legendLines(result, colour),
    ...crossoverLines(result),
    ...notes(result),
    '',
    ...probeLines(result),
    ...(folder === null ? [] : ['', `written to ${folder}`]),
  ].join('\n')
}

const scaleColumns = 9
/** Where there are no colours, every second row stands for its neighbour, too. */
const rowsPerLine = 2

function planeLines({ plane }: MapResult, colour: boolean): string[] {
  const { winners, perMin, tokens } = plane
  const lines: string[] = []
  for (let row = winners.length - 1; row >= 0; row -= rowsPerLine) {
    const isLabelled = (winners.length - 1 - row) % (4 * rowsPerLine) === 0
    const label = isLabelled ? formatCount(perMin[row]!) : ''
    const cells = colour
      ? halfBlocks(winners[row]!, winners[row - 1])
      : winners[row]!.map(letterOf).join('')
    lines.push(`${label.padStart(scaleColumns - 2)} ${isLabelled ? '┤' : '│'}${cells}`)
  }
  const axis = `${' '.repeat(scaleColumns - 1)}└${'─'.repeat(tokens.length)}`
  return ['calls/min', ...lines, axis, tokensLine(tokens)]
}

/** Upper and lower cells in one line: '▀' in the colour of one on that of the other. */
function halfBlocks(upper: readonly number[], lower: readonly number[] | undefined): string {
  let line = ''
  let last = ''
  for (const [column, winner] of upper.entries()) {
    const below = lower?.[column] ?? winner
    const look = sgr(colourOf(winner), 'foreground') + sgr(colourOf(below), 'background')
    line += `${look === last ? '' : look}▀`
    last = look
  }
  return line + sgrReset
}

function tokensLine(tokens: readonly number[]): string {
  let line = ' '.repeat(scaleColumns)
  for (let column = 0; column < tokens.length; column += 12) {
    line = line.padEnd(scaleColumns + column) + formatCount(tokens[column]!)
  }
  return `${line}  tokens per call`
}

function legendLines({ plane }: MapResult, colour: boolean): string[] {
  const sign = (i: number) =>
    colour ? `${sgr(colourOf(i), 'foreground')}██${sgrReset}` : letterOf(i).padEnd(2)
  const limiters = plane.spec.limiters.map((limiter, i) => `${sign(i)} ${describeLimiter(limiter)}`)
  return [...limiters, `${sign(-1)} none`]
}

/** The closed forms, in words. */
export function crossoverLines({ plane }: MapResult): string[] {
  return crossovers(plane.spec.limiters).map((one) => {
    if (one.kind === 'tokens') {
      return `crossover: ${formatCount(one.perCall)} tokens per call: smaller calls meet ${one.requests} first, larger ones ${one.tokens}`
    }
    return `crossover: ${formatSpan(one.serviceUs)} of service: longer calls meet ${one.concurrency} before ${one.requests}`
  })
}

function notes({ plane, warnings }: MapResult): string[] {
  const cells = plane.tokens.length * plane.perMin.length
  const uncertain =
    plane.uncertain === 0
      ? []
      : [`note: at ${plane.uncertain} points "none" only means: not within 50,000 calls`]
  return [
    `${formatInteger(cells)} points, ${formatInteger(plane.played)} of them played, the rest enclosed by points that agree`,
    ...uncertain,
    ...warnings.map((warning) => `note: ${warning}`),
  ]
}

function probeLines({ verdicts, requests, shares, plane }: MapResult): string[] {
  if (verdicts === null) return ['not tried on a target']
  const hits = verdicts.filter(({ verdict }) => verdict === 'as expected').length
  const cost = plane.spec.limiters
    .map(({ name }, i) => `${formatCount(shares[i]!)} × ${name}`)
    .join(', ')
  const head = `tried at ${verdicts.length} points: ${hits} as expected; ${formatInteger(requests)} requests, ${cost}`
  const lines = verdicts.map(({ probe, verdict, found, confidence, reason }) => {
    const { tokens, perMin } = probe.point
    const place = `${formatInteger(tokens)} tokens × ${formatCount(perMin)}/min`
    const sure = confidence === null ? '' : ` (${confidence})`
    const sign = { 'as expected': '✓', mismatch: '✗', 'not decided': '?' }[verdict]
    const why = reason === '' ? '' : `: ${verdict}, ${reason}`
    return `  ${sign} ${place.padEnd(32)} expected ${probe.expected ?? 'none'}, found ${found ?? 'none'}${sure}${why}`
  })
  return [head, ...lines]
}

/** '12.3 %' of the points that a limiter has. */
export function areaText({ plane }: MapResult, index: number): string {
  const all = plane.winners.flat()
  return formatShare(all.filter((winner) => winner === index).length / all.length)
}
