// Start-up: how long until the command answers, and until the first request is there.

import { bothCpus, type Context } from '../lib/context.ts'
import { measureLoad, observe } from '../lib/observe.ts'
import { below, subject, valueRow } from '../lib/rows.ts'
import type { Group, Reading } from '../lib/types.ts'
import { limitscopePath } from '../tools/limitscope.ts'
import { roundsUpTo } from './loads.ts'

const repeats = 3

export function startUp(context: Context): Group {
  const common = { tool: subject, seconds: 2 }
  return {
    name: 'startup',
    title: 'Start-up',
    how: 'Wall time of `limitscope --version`; and from the start of a `limitscope load` process to the arrival of its first request at the server.',
    figures: [
      { value: 'versionMs', title: '--version' },
      { value: 'firstRequestMs', title: 'first request' },
    ],
    steps: () =>
      roundsUpTo(context.options.rounds * repeats).flatMap((round) => [
        { ...common, case: '--version', round, pair: 0, run: () => versionTime(context) },
        { ...common, case: 'first request', round, pair: 0, run: () => firstRequest(context) },
      ]),
    rows: (measurements) => [
      valueRow(measurements, {
        what: '`limitscope --version`',
        case: '--version',
        value: 'versionMs',
        unit: 'Ms',
        target: below(150),
      }),
      valueRow(measurements, {
        what: 'First request at the server after the start of the process',
        case: 'first request',
        value: 'firstRequestMs',
        unit: 'Ms',
        target: below(500),
      }),
    ],
  }
}

async function versionTime(context: Context): Promise<Reading> {
  const { output, foreignShare } = await observe(context, {
    server: { kind: 'null', mode: 'small' },
    client: () => ({ argv: [process.execPath, limitscopePath, '--version'] }),
    cpu: bothCpus,
    seconds: 1,
  })
  const isUsable = output.exitCode === 0 && /^\d/.test(output.stdout)
  return {
    values: { versionMs: Number(output.endedNs - output.spawnedNs) / 1e6 },
    serverBusyShare: null,
    foreignShare,
    isUsable,
    problems: isUsable ? [] : [`it ended with ${output.exitCode}: ${output.stderr.trim()}`],
  }
}

function firstRequest(context: Context): Promise<Reading> {
  return measureLoad(context, {
    tool: subject,
    server: { kind: 'null', mode: 'small', isLogged: true },
    spec: { connections: 1, seconds: 1, ratePerS: null, requests: 10 },
    inspect({ log, output }) {
      const firstNs = log.stampsNs[0]
      return {
        firstRequestMs: firstNs === undefined ? null : Number(firstNs - output.spawnedNs) / 1e6,
      }
    },
  })
}
