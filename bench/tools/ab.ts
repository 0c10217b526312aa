// ab: C, HTTP/1.0 with keep-alive, whole milliseconds; closed loop only.

import type { Output } from '../lib/children.ts'
import {
  findProgram,
  type LoadReport,
  type LoadSpec,
  numberIn,
  type Tool,
  versionFrom,
} from './tool.ts'

export const ab: Tool = {
  name: 'ab',
  find() {
    const path = findProgram('ab')
    if (path === null) return 'not installed (apt-get install apache2-utils)'
    return {
      name: 'ab',
      path,
      version: versionFrom([path, '-V'], /Version (\S+)/),
      command: (spec) => command(path, spec),
      read,
      // Without the header an HTTP/1.0 client closes every connection.
      serverOf: (server) => (server.kind === 'null' ? { ...server, mode: 'kept' } : server),
    }
  },
}

function command(path: string, { url, connections, seconds }: LoadSpec) {
  // -t sets a count of its own, which -n lifts again.
  const count = String(400_000 * seconds)
  const load = ['-c', String(connections), '-t', String(seconds), '-n', count]
  return { argv: [path, '-k', '-q', ...load, url] }
}

function read({ stdout }: Output): LoadReport {
  const msAt = (percent: number) => numberIn(stdout, new RegExp(`^\\s+${percent}%\\s+(\\d+)`, 'm'))
  const p50Ms = msAt(50)
  const p99Ms = msAt(99)
  return {
    requests: numberIn(stdout, /Complete requests:\s+(\d+)/) ?? 0,
    ratePerS: numberIn(stdout, /Requests per second:\s+([\d.]+)/) ?? 0,
    p50Us: p50Ms === null ? null : p50Ms * 1000,
    p99Us: p99Ms === null ? null : p99Ms * 1000,
    failures: numberIn(stdout, /Failed requests:\s+(\d+)/) ?? 0,
  }
}
