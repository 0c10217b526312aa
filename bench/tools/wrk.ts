// wrk: closed loop only, in C; one thread.

import type { Output } from '../lib/children.ts'
import {
  findProgram,
  type LoadReport,
  type LoadSpec,
  numberIn,
  spanUs,
  type Tool,
  versionFrom,
} from './tool.ts'

export const wrk: Tool = {
  name: 'wrk',
  find() {
    const path = findProgram('wrk')
    if (path === null) return 'not installed (apt-get install wrk)'
    const version = versionFrom([path, '-v'], /wrk (\S+)/)
    const command = ({ url, connections, seconds }: LoadSpec) => ({
      argv: [path, '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', url],
    })
    return { name: 'wrk', path, version, command, read }
  },
}

function read({ stdout }: Output): LoadReport {
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)
  return {
    requests: numberIn(stdout, /(\d+) requests in/) ?? 0,
    ratePerS: numberIn(stdout, /Requests\/sec:\s+([\d.]+)/) ?? 0,
    p50Us: spanUs(/^\s+50%\s+(\S+)$/m.exec(stdout)?.[1] ?? ''),
    p99Us: spanUs(/^\s+99%\s+(\S+)$/m.exec(stdout)?.[1] ?? ''),
    failures: (errors ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0),
  }
}
