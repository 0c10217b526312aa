// vegeta: Go; one pacer feeds the workers; results are written first and reported afterwards.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Output } from '../lib/children.ts'
import { findProgram, type LoadReport, type LoadSpec, type Tool, versionFrom } from './tool.ts'

export const vegeta: Tool = {
  name: 'vegeta',
  find() {
    const path = findProgram('vegeta')
    if (path === null) return 'not installed (node bench/install.ts)'
    // Built by `go install` it does not know its version, the build information does.
    const version = versionFrom(['go', 'version', '-m', path], /\smod\s\S+\sv(\S+)/)
    return { name: 'vegeta', path, version, command: (spec) => command(path, spec), read }
  },
}

function command(path: string, { url, connections, seconds, ratePerS, folder }: LoadSpec) {
  const targetsPath = join(folder, 'targets')
  const outputPath = join(folder, 'results.bin')
  writeFileSync(targetsPath, `GET ${url}\n`)
  const load = [`-rate=${ratePerS === null ? '0' : `${ratePerS}/1s`}`, `-duration=${seconds}s`]
  const workers = [`-workers=${connections}`, `-max-workers=${connections}`]
  const files = [`-targets=${targetsPath}`, `-output=${outputPath}`, '-max-body=0']
  return {
    argv: [path, 'attack', ...load, ...workers, `-connections=${connections}`, ...files],
    afterwards: [path, 'report', '-type=json', outputPath],
  }
}

interface Report {
  readonly requests: number
  readonly rate: number
  readonly latencies: { readonly '50th': number; readonly '99th': number }
  readonly status_codes: Readonly<Record<string, number>>
}

function read({ stdout }: Output): LoadReport {
  const report = JSON.parse(stdout) as Report
  return {
    requests: report.requests,
    ratePerS: report.rate,
    p50Us: report.latencies['50th'] / 1000,
    p99Us: report.latencies['99th'] / 1000,
    failures: report.status_codes['0'] ?? 0,
  }
}
