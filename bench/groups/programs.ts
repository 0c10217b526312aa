// Measurements that are programs of their own: what they print as JSON becomes rows.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { canPrioritise } from '../lib/children.ts'
import { bothCpus, type Context, rootPath } from '../lib/context.ts'
import { waitForQuiet, watchCpu } from '../lib/cpu.ts'
import { atMost, subject, valueRow } from '../lib/rows.ts'
import type { Group, Reading, Step, Values } from '../lib/types.ts'
import { roundsUpTo } from './loads.ts'

interface Program {
  /** File in bench/clients. */
  readonly file: string
  readonly case: string
  readonly rounds: number
  readonly seconds: number
  readonly args: readonly string[]
}

const priorities =
  ' What its core would need to wake up, and what else the machine does there, does not: a loop that runs when nobody else wants to (SCHED_IDLE) keeps the core awake, and the gateway has a real-time class in the open loop (SCHED_RR).'

const truths = [
  { case: '5 ms to each answer', args: ['--ttft', '5ms'] },
  { case: '30 ms, as a model spreads them', args: ['--ttft', '30ms', '--spread', '0.25'] },
]

/** Quantiles of limitscope against what the embedded gateway knows of the same requests. */
export function truth(context: Context): Group {
  const { seconds, rounds } = context.options
  const common = { unit: 'ratio', target: atMost(1) } as const
  return {
    name: 'truth',
    title: 'Against the truth',
    how: `The embedded gateway on one core, limitscope on the other: first a closed loop for the ceiling, then an open loop at a fifth of it, paced as limitscope chooses by itself, after ten seconds of warm-up. Answers take 5 ms, or 30 ms with the spread of the gateway’s model (log-normal, sigma 0.25). The service times that limitscope recorded are compared with the times from arrival to answer of the same requests in the gateway’s own log; what a request waited for before the gateway’s event loop came to it counts as error.${canPrioritise ? priorities : ''} Allowed is the greater of 0.5 ms and 1 %.`,
    figures: [
      { value: 'truthP50Us', title: 'true p50' },
      { value: 'errorP50Us', title: 'error of p50' },
      { value: 'truthP99Us', title: 'true p99' },
      { value: 'errorP99Us', title: 'error of p99' },
      { value: 'ratePerS', title: 'rate' },
    ],
    steps: () =>
      truths.flatMap((one) =>
        steps(context, {
          file: 'truth.ts',
          case: one.case,
          rounds,
          seconds: 2 * seconds + 15,
          args: [String(seconds), ...one.args],
        }),
      ),
    rows: (measurements) =>
      truths.flatMap((one) => [
        valueRow(measurements, {
          ...common,
          case: one.case,
          what: `Error of p50 ÷ allowed, ${one.case}`,
          value: 'shareP50',
        }),
        valueRow(measurements, {
          ...common,
          case: one.case,
          what: `Error of p99 ÷ allowed, ${one.case}`,
          value: 'shareP99',
        }),
      ]),
  }
}

const residentBytesMax = 200 * 1024 * 1024
const soakSeconds = 600

/** Memory over long runs, of virtual and of real time. */
export function memory(context: Context): Group {
  const seconds = context.options.quick ? 60 : soakSeconds
  const programs: readonly Program[] = [
    {
      file: 'memory.ts',
      case: '50 million requests in virtual time',
      rounds: 1,
      seconds: 300,
      args: [],
    },
    {
      file: 'soak.ts',
      case: `${seconds / 60} min of real time, 1,000/s, every request on disk`,
      rounds: 1,
      seconds,
      args: [String(seconds)],
    },
  ]
  return {
    name: 'memory',
    title: 'Memory of long runs',
    how: '50 million requests through the engine with all its folds and rows in virtual time (one thread, without screen and files), and a whole run in real time. The first fifth of each is warm-up; growth is the mean resident memory of the last third of what follows less that of the first.',
    figures: [
      { value: 'requests', title: 'requests' },
      { value: 'growthBytes', title: 'growth' },
      { value: 'residentBytes', title: 'memory' },
    ],
    steps: () => programs.flatMap((program) => steps(context, program)),
    rows: (measurements) =>
      programs.flatMap((program) => [
        valueRow(measurements, {
          what: `Growth of resident memory, ${program.case}`,
          case: program.case,
          value: 'growthBytes',
          unit: 'Bytes',
          target: atMost(10 * 1024 * 1024),
        }),
        valueRow(measurements, {
          what: `Resident memory, most, ${program.case}`,
          case: program.case,
          value: 'residentBytes',
          unit: 'Bytes',
          target: atMost(residentBytesMax),
        }),
      ]),
  }
}

function steps(context: Context, program: Program): readonly Step[] {
  const path = join(rootPath, 'bench/clients', program.file)
  if (!existsSync(path)) return []
  return roundsUpTo(program.rounds).map((round) => ({
    case: program.case,
    tool: subject,
    round,
    pair: 0,
    seconds: program.seconds,
    run: () => run(context, [process.execPath, path, ...program.args], program.seconds),
  }))
}

async function run(context: Context, argv: readonly string[], seconds: number): Promise<Reading> {
  await waitForQuiet(3)
  const readCpu = watchCpu()
  const options = { cpu: bothCpus, timeoutS: 4 * seconds + 60 }
  const { exitCode, stdout, stderr } = await context.children.run(argv, options)
  const { foreignS, wallS } = readCpu(0)
  if (exitCode !== 0) throw new Error(stderr.trim().split('\n').slice(0, 6).join(' '))
  return {
    values: JSON.parse(stdout) as Values,
    serverBusyShare: null,
    foreignShare: foreignS / wallS,
    isUsable: true,
    problems: [],
  }
}
