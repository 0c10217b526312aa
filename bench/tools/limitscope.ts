// limitscope itself, as its users run it: the command line of the clone.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Output } from '../lib/children.ts'
import { rootPath } from '../lib/context.ts'
import type { LoadReport, LoadSpec, Tool } from './tool.ts'

export const limitscopePath = join(rootPath, 'bin/limitscope.js')

export const limitscope: Tool = {
  name: 'limitscope',
  find() {
    if (!existsSync(join(rootPath, 'dist/cli.js'))) return 'not built (npm run build)'
    const { version } = JSON.parse(readFileSync(join(rootPath, 'package.json'), 'utf8')) as {
      version: string
    }
    const command = (spec: LoadSpec) => ({ argv: argvOf(spec) })
    return { name: 'limitscope', path: limitscopePath, version, command, read }
  },
}

function argvOf(spec: LoadSpec): readonly string[] {
  const { url, connections, seconds, ratePerS, requests } = spec
  const arrivals = spec.isPoisson === true ? ['--arrivals', 'poisson'] : []
  // Code that is compiled while it runs has to run first; the others start compiled, or warm up in
  // runs of their own.
  const warmup = requests === undefined ? ['--warmup', '1s'] : []
  const closed = ['-c', String(connections), ...warmup]
  const open = ['-r', `${ratePerS}/s`, ...arrivals, '--pacing', 'spin', ...warmup]
  const load = ratePerS === null ? closed : open
  const end = requests === undefined ? ['-d', `${seconds}s`] : ['-n', String(requests)]
  return [
    ...[process.execPath, limitscopePath, 'load', url, ...load, ...end],
    ...(spec.isSaved === true ? ['--out', spec.folder] : ['--no-save']),
    ...['--workers', '1'],
    ...(url.startsWith('https') ? ['--insecure'] : []),
    ...['--json', '--reporter', 'silent'],
  ]
}

/** The parts of the summary that are read. */
interface Summary {
  readonly health: {
    readonly verdict: string
    readonly reasons: readonly string[]
    readonly readings?: {
      readonly lag?: { readonly p50Us: number | null; readonly p99Us: number | null }
      readonly lostRows?: number
    }
  }
  readonly scenarios: readonly {
    readonly durationUs: number
    readonly counts: Readonly<Record<string, number>>
    readonly series: readonly {
      readonly count: number
      readonly response: { readonly p50Us: number | null; readonly p99Us: number | null }
    }[]
  }[]
}

/** Outcomes of requests that were answered, as planned or by a limiter. */
const answered = ['ok', 'limited', 'refused']
/** Cut off by the end of the run. */
const unfinished = ['aborted', 'unsent']

function read({ stdout, stderr }: Output): LoadReport {
  const start = stdout.indexOf('{')
  if (start < 0) throw new Error(`no summary: ${stderr.trim().split('\n')[0]}`)
  const { health, scenarios } = JSON.parse(stdout.slice(start)) as Summary
  const scenario = scenarios[0]!
  const countOf = (has: (outcome: string) => boolean) =>
    Object.entries(scenario.counts).reduce((sum, [name, n]) => sum + (has(name) ? n : 0), 0)
  const requests = countOf((name) => answered.includes(name))
  const largest = scenario.series.toSorted((a, b) => b.count - a.count)[0]?.response
  const lag = health.readings?.lag
  return {
    requests,
    ratePerS: requests / (scenario.durationUs / 1e6),
    p50Us: largest?.p50Us ?? null,
    p99Us: largest?.p99Us ?? null,
    failures: countOf((name) => !answered.includes(name) && !unfinished.includes(name)),
    more: {
      lagP50Us: lag?.p50Us ?? null,
      lagP99Us: lag?.p99Us ?? null,
      unsent: scenario.counts.unsent ?? 0,
      dropped: health.readings?.lostRows ?? null,
    },
    notes: health.verdict === 'VALID' ? [] : [`${health.verdict}: ${health.reasons.join('; ')}`],
  }
}
