// autocannon: Node; one thread, whole milliseconds; its rate is a quota per second.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Output } from '../lib/children.ts'
import { rootPath } from '../lib/context.ts'
import type { LoadReport, LoadSpec, Tool } from './tool.ts'

export const autocannon: Tool = {
  name: 'autocannon',
  find() {
    try {
      const require = createRequire(join(rootPath, 'package.json'))
      const path = require.resolve('autocannon/autocannon.js')
      const { version } = require('autocannon/package.json') as { version: string }
      return { name: 'autocannon', path, version, command: (spec) => command(path, spec), read }
    } catch {
      return 'not installed (npm ci in the project)'
    }
  },
}

function command(path: string, { url, connections, seconds, ratePerS }: LoadSpec) {
  const rate = ratePerS === null ? [] : ['-R', String(ratePerS)]
  const load = ['-c', String(connections), '-d', String(seconds), ...rate]
  return { argv: [process.execPath, path, '--json', ...load, url] }
}

interface Report {
  readonly requests: { readonly total: number }
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly duration: number
  readonly errors: number
  readonly timeouts: number
}

function read({ stdout }: Output): LoadReport {
  const report = JSON.parse(stdout) as Report
  const requests = report.requests.total
  return {
    requests,
    ratePerS: requests / report.duration,
    p50Us: report.latency.p50 * 1000,
    p99Us: report.latency.p99 * 1000,
    failures: report.errors + report.timeouts,
  }
}
