// Token streams: what the client adds to the gaps between tokens, and how many events it can take.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { alternate } from '../lib/alternate.ts'
import { canPrioritise } from '../lib/children.ts'
import { type Context, freshFolder, removeFolder, rootPath } from '../lib/context.ts'
import { type Observation, observe } from '../lib/observe.ts'
import { atLeast, atMost, ratioRow, subject, valueRow } from '../lib/rows.ts'
import { quantile } from '../lib/statistics.ts'
import type { Group, Reading, Step, Values } from '../lib/types.ts'
import { roundsUpTo } from './loads.ts'

const rival = 'undici + eventsource-parser'
const clients: Readonly<Record<string, string>> = {
  [subject]: 'sseLimitscope.ts',
  [rival]: 'sseUndici.ts',
}

const urgency =
  ' Both clients have a real-time class there (SCHED_RR): the server leaves none of its own core to others, so that whatever else the machine does is done on the clients’.'

const paced = '1,000 streams × 50 tokens/s'
const streams = 1_000
const tokensPerS = 50
const blast = 'as fast as it goes, 8 streams'
const blastStreams = 8

export function sse(context: Context): Group {
  const missing = context.absent.get('eventsource-parser')
  const absence = missing === undefined ? undefined : `eventsource-parser is ${missing}`
  return {
    name: 'sse',
    title: 'Token streams, one core',
    how: `Server-sent events of 192 bytes with OpenAI-style chunks. ${paced}, each event its own send, the streams spread evenly over the period: the error is |gap between two tokens at the client − gap between their sends in the server's log|, without the first second, in which connections are opened, and without the last one: all streams end within a period then, each with three sends more, which is four times the load.${canPrioritise ? urgency : ''} The peak is taken with 16 events per send on 8 connections, as many as the client takes. limitscope is its driver without the rest of the engine; the rival parses the same events with undici's dispatch, eventsource-parser and JSON.parse, and takes the time once per read. The server spins for its pace, so it is always busy.`,
    figures: [
      { value: 'gapErrorP50Us', title: 'gap error p50' },
      { value: 'gapErrorP99Us', title: 'gap error p99' },
      { value: 'framesPerS', title: 'events per second' },
      { value: 'clientCpuShare', title: 'CPU' },
      { value: 'serverLateUs', title: 'server late, most' },
      { value: 'residentBytes', title: 'memory' },
    ],
    steps: () =>
      roundsUpTo(context.options.rounds).flatMap((round) => steps(context, round, missing)),
    rows: (measurements) => [
      valueRow(measurements, {
        what: `Error of the gaps between tokens, p50, ${paced}`,
        case: paced,
        value: 'gapErrorP50Us',
        unit: 'Us',
        target: atMost(50),
      }),
      ratioRow(measurements, {
        what: `Error of the gaps between tokens, p99, ${subject} ÷ ${rival}`,
        case: paced,
        value: 'gapErrorP99Us',
        rival,
        target: atMost(0.4),
        absence,
      }),
      valueRow(measurements, {
        what: 'Peak of events read',
        case: blast,
        value: 'framesPerS',
        unit: 'PerS',
        target: atLeast(2_000_000),
      }),
    ],
  }
}

function steps(context: Context, round: number, missing: string | undefined): Step[] {
  const turns = alternate(missing === undefined ? [rival] : [], round)
  const { seconds } = context.options
  // The first second of every stream is left out, and the last.
  const pacedS = seconds + 3
  return [
    ...turns.map((turn) => ({
      ...turn,
      case: paced,
      round,
      seconds: pacedS + 2.5,
      run: () => measurePaced(context, turn.tool, pacedS),
    })),
    ...turns.map((turn) => ({
      ...turn,
      case: blast,
      round,
      seconds: seconds + 1.5,
      run: () => measureBlast(context, turn.tool, seconds),
    })),
  ]
}

async function measurePaced(context: Context, tool: string, seconds: number): Promise<Reading> {
  const frames = seconds * tokensPerS
  const folder = freshFolder(context)
  const gapsPath = join(folder, 'gaps')
  const observation = await observe(context, {
    server: { kind: 'sse', args: ['paced', `${streams}x${tokensPerS}`, String(frames)] },
    client: (url) => ({ argv: argvOf(tool, [url, String(streams), String(frames), gapsPath]) }),
    seconds,
    priority: 'urgent',
  })
  const gapsUs = existsSync(gapsPath) ? readGaps(gapsPath) : new Float64Array()
  removeFolder(folder)
  return readingOf(observation, compare(gapsUs, observation.log.stampsNs, frames))
}

async function measureBlast(context: Context, tool: string, seconds: number): Promise<Reading> {
  const observation = await observe(context, {
    server: { kind: 'sse', args: ['blast', String(seconds)] },
    client: (url) => ({ argv: argvOf(tool, [url, String(blastStreams), '0', '-']) }),
    seconds,
  })
  return readingOf(observation, {})
}

function argvOf(tool: string, args: readonly string[]): readonly string[] {
  return [process.execPath, join(rootPath, 'bench/clients', clients[tool]!), ...args]
}

function readGaps(path: string): Float64Array {
  const { buffer, byteOffset, byteLength } = readFileSync(path)
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength))
}

/** Gap j of each stream at the client against gap j of its sends. */
function compare(gapsUs: Float64Array, sentNs: BigUint64Array, frames: number): Values {
  const errorsUs: number[] = []
  let missing = 0
  for (let stream = 0; stream < streams; stream++) {
    for (let j = tokensPerS; j < frames - 1 - tokensPerS; j++) {
      const gapUs = gapsUs[stream * (frames - 1) + j] ?? Number.NaN
      const at = stream * frames + j
      const sentGapUs = Number((sentNs[at + 1] ?? 0n) - (sentNs[at] ?? 0n)) / 1000
      if (Number.isNaN(gapUs) || sentNs[at + 1] === 0n) missing++
      else errorsUs.push(Math.abs(gapUs - sentGapUs))
    }
  }
  const errors = Float64Array.from(errorsUs)
  return {
    gapErrorP50Us: quantile(errors, 0.5),
    gapErrorP99Us: quantile(errors, 0.99),
    missingGaps: missing,
  }
}

interface ClientReport {
  readonly frames: number
  readonly framesPerS: number
  readonly failures: number
  readonly failure: string
}

function readingOf(observation: Observation, values: Values): Reading {
  const { output, log, serverBusyShare, foreignShare, clientCpuShare, residentBytes } = observation
  if (output.exitCode !== 0) {
    throw new Error(`the client failed: ${output.stderr.trim().split('\n').slice(0, 6).join(' ')}`)
  }
  const { frames, framesPerS, failures, failure } = JSON.parse(output.stdout) as ClientReport
  const { broken = 0, lateUs = 0, frames: sent = 0 } = log.counts
  const missing = values.missingGaps ?? 0
  const fatal = [
    ...(frames > 0 ? [] : ['no events']),
    ...(failures + broken === 0 ? [] : [`${failures + broken} streams broke: ${failure}`]),
    ...(missing === 0 ? [] : [`${missing} gaps are missing`]),
  ]
  const doubts = frames === sent ? [] : [`the server sent ${sent} events, the client saw ${frames}`]
  return {
    values: {
      ...values,
      framesPerS,
      clientCpuShare,
      residentBytes,
      serverLateUs: lateUs,
    },
    serverBusyShare,
    foreignShare,
    isUsable: fatal.length === 0,
    problems: [...fatal, ...doubts],
  }
}
