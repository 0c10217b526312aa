// hey: Go; its rate is per worker, each with a ticker of its own.

import type { Output } from '../lib/children.ts'
import {
  findProgram,
  type LoadReport,
  type LoadSpec,
  numberIn,
  type Tool,
  versionFrom,
} from './tool.ts'

/** Workers of an open loop: rates are multiples of it. */
const workersOpen = 50

export const hey: Tool = {
  name: 'hey',
  find() {
    const path = findProgram('hey')
    if (path === null) return 'not installed (apt-get install hey)'
    // hey does not know its version, Debian does.
    const version = versionFrom(['dpkg-query', '-W', '-f', `\${Version}`, 'hey'], /^(\d\S*)/)
    return { name: 'hey', path, version, command: (spec) => command(path, spec), read }
  },
}

function command(path: string, { url, connections, seconds, ratePerS }: LoadSpec) {
  const workers = ratePerS === null ? connections : workersOpen
  const rate = ratePerS === null ? [] : ['-q', String(ratePerS / workersOpen)]
  return { argv: [path, '-z', `${seconds}s`, '-c', String(workers), '-cpus', '1', ...rate, url] }
}

function read({ stdout }: Output): LoadReport {
  const answers = [...stdout.matchAll(/^\s+\[\d{3}\]\t(\d+) responses/gm)]
  const errors = stdout.split('Error distribution:')[1] ?? ''
  const secondsAt = (percent: number) =>
    numberIn(stdout, new RegExp(`^\\s+${percent}%\\s+in ([\\d.]+) secs`, 'm'))
  return {
    requests: answers.reduce((sum, [, count]) => sum + Number(count), 0),
    ratePerS: numberIn(stdout, /Requests\/sec:\s+([\d.]+)/) ?? 0,
    p50Us: toUs(secondsAt(50)),
    p99Us: toUs(secondsAt(99)),
    failures: [...errors.matchAll(/^\s+\[(\d+)\]/gm)].reduce((sum, [, n]) => sum + Number(n), 0),
  }
}

function toUs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1e6
}
