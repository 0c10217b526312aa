// k6: Go with scripts in JavaScript; virtual users, or a constant arrival rate.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Output } from '../lib/children.ts'
import { findProgram, type LoadReport, type LoadSpec, type Tool, versionFrom } from './tool.ts'

export const k6: Tool = {
  name: 'k6',
  find() {
    const path = findProgram('k6')
    if (path === null) return 'not installed (node bench/install.ts)'
    const version = versionFrom([path, 'version'], /k6 v?(\S+)/)
    return { name: 'k6', path, version, command: (spec) => command(path, spec), read }
  },
}

function command(path: string, spec: LoadSpec) {
  const scriptPath = join(spec.folder, 'script.js')
  writeFileSync(scriptPath, script(spec))
  return { argv: [path, 'run', '--quiet', '--no-color', '--no-usage-report', scriptPath] }
}

function script({ url, connections, seconds, ratePerS }: LoadSpec): string {
  const duration = `${seconds}s`
  const closed = { executor: 'constant-vus', vus: connections, duration }
  const open = {
    executor: 'constant-arrival-rate',
    rate: ratePerS,
    timeUnit: '1s',
    duration,
    preAllocatedVUs: connections,
    maxVUs: 4 * connections,
  }
  const options = {
    discardResponseBodies: true,
    summaryTrendStats: ['med', 'p(99)'],
    scenarios: { load: { ...(ratePerS === null ? closed : open), gracefulStop: '1s' } },
  }
  return `import http from 'k6/http'
export const options = ${JSON.stringify(options)}
export default function () { http.get('${url}') }
export function handleSummary({ metrics }) { return { stdout: JSON.stringify(metrics) } }
`
}

type Metrics = Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>

function read({ stdout }: Output, { seconds }: LoadSpec): LoadReport {
  const metrics = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Metrics
  const durationMs = metrics.http_req_duration?.values ?? {}
  const requests = metrics.http_reqs?.values.count ?? 0
  return {
    requests,
    ratePerS: requests / seconds,
    p50Us: (durationMs.med ?? Number.NaN) * 1000,
    p99Us: (durationMs['p(99)'] ?? Number.NaN) * 1000,
    failures: metrics.http_req_failed?.values.passes ?? 0,
    more: { dropped: metrics.dropped_iterations?.values.count ?? 0 },
  }
}
