// Every request on disk: what recording costs, and whether anything is lost.

import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bothCpus, type Context, clientCpu } from '../lib/context.ts'
import { measureLoad } from '../lib/observe.ts'
import { atLeast, atMost, ratioRow, subject, valueRow } from '../lib/rows.ts'
import type { Group, Step, Values } from '../lib/types.ts'
import type { LoadReport } from '../tools/tool.ts'
import { closedLoop, roundsUpTo } from './loads.ts'

const name = 'small replies'
const saved = 'limitscope, to disk'
const savedOnOne = 'limitscope, to disk, one core'

export function disk(context: Context): Group {
  return {
    name: 'disk',
    title: 'Every request on disk',
    how: 'The closed loop again, with a row in requests.csv for every request, beside the same without files. With files limitscope may use both cores, of which the server has one, too; without it has its own only. The rows of the file are counted afterwards.',
    figures: [
      { value: 'ratePerS', title: 'requests per second' },
      { value: 'p99Us', title: 'p99' },
      { value: 'lostRows', title: 'rows lost' },
      { value: 'residentBytes', title: 'memory' },
    ],
    steps: () => roundsUpTo(context.options.rounds).flatMap((round) => steps(context, round)),
    rows: (measurements) => [
      ratioRow(measurements, {
        what: 'Request rate, every request on disk ÷ none, second core free for it',
        case: name,
        value: 'ratePerS',
        tool: saved,
        rival: subject,
        target: atLeast(0.75),
      }),
      valueRow(measurements, {
        what: 'Requests answered but not in the file',
        case: name,
        value: 'lostRows',
        unit: 'number',
        tool: saved,
        target: atMost(0),
      }),
      ratioRow(measurements, {
        what: 'Request rate, every request on disk ÷ none, on one core',
        case: name,
        value: 'ratePerS',
        tool: savedOnOne,
        rival: subject,
        target: null,
      }),
    ],
  }
}

function steps(context: Context, round: number): Step[] {
  const turns = [
    { tool: saved, cpu: bothCpus, isSaved: true },
    { tool: subject, cpu: clientCpu, isSaved: false },
    { tool: savedOnOne, cpu: clientCpu, isSaved: true },
  ]
  const order = round % 2 === 0 ? turns : turns.toReversed()
  return order.map(({ tool, cpu, isSaved }) => ({
    case: name,
    tool,
    round,
    pair: 0,
    seconds: context.options.seconds + (isSaved ? 4 : 1.5),
    run: () =>
      measureLoad(context, {
        tool: subject,
        server: { kind: 'null', mode: 'small' },
        spec: { ...closedLoop(context, 64), isSaved },
        cpu,
        ...(isSaved ? { inspect: (_, report, folder) => lost(report, folder) } : {}),
      }),
  }))
}

async function lost({ requests }: LoadReport, folder: string): Promise<Values> {
  const files = readdirSync(folder, { recursive: true }).map(String)
  const paths = files.filter((file) => /requests.*\.csv$/.test(file))
  let rows = 0
  for (const path of paths) rows += (await linesOf(join(folder, path))) - 1
  // Cut-off requests have rows, too: more rows than answers is no loss.
  return { rows, lostRows: Math.max(0, requests - rows) }
}

async function linesOf(path: string): Promise<number> {
  let lines = 0
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = piece as Buffer
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  }
  return lines
}
