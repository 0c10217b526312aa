// oha: Rust; one task paces, all workers take from its queue.

import type { Output } from '../lib/children.ts'
import { findProgram, type LoadReport, type LoadSpec, type Tool, versionFrom } from './tool.ts'

export const oha: Tool = {
  name: 'oha',
  find() {
    const path = findProgram('oha')
    if (path === null) return 'not installed (node bench/install.ts)'
    const version = versionFrom([path, '--version'], /oha (\S+)/)
    return { name: 'oha', path, version, command: (spec) => command(path, spec), read }
  },
}

function command(path: string, { url, connections, seconds, ratePerS }: LoadSpec) {
  const rate = ratePerS === null ? [] : ['-q', String(ratePerS)]
  const load = ['-z', `${seconds}s`, '-c', String(connections), ...rate]
  const output = ['--no-tui', '--output-format', 'json']
  return { argv: [path, ...load, '--worker-threads', '1', ...output, url] }
}

interface Report {
  readonly summary: { readonly requestsPerSec: number }
  readonly latencyPercentiles: { readonly p50: number | null; readonly p99: number | null }
  readonly statusCodeDistribution: Readonly<Record<string, number>>
  readonly errorDistribution: Readonly<Record<string, number>>
}

function read({ stdout }: Output): LoadReport {
  const report = JSON.parse(stdout) as Report
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  const errors = Object.entries(report.errorDistribution)
  const { p50, p99 } = report.latencyPercentiles
  return {
    requests: sum(Object.values(report.statusCodeDistribution)),
    ratePerS: report.summary.requestsPerSec,
    p50Us: p50 === null ? null : p50 * 1e6,
    p99Us: p99 === null ? null : p99 * 1e6,
    // The end of the run cuts off what is in flight.
    failures: sum(errors.filter(([name]) => !name.includes('deadline')).map(([, count]) => count)),
  }
}
