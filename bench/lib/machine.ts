// What the figures were measured on.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { rootPath } from './context.ts'
import type { Machine } from './types.ts'

export function readMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    system: systemName(),
    kernel: release(),
    node: process.versions.node,
  }
}

/** The commit that is measured, and whether the tree differs from it. */
export function readCommit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: rootPath, encoding: 'utf8' }).trim()
    const isClean = git('status', '--porcelain', '--', 'src', 'bin') === ''
    return `${git('rev-parse', '--short', 'HEAD')}${isClean ? '' : ' with changes'}`
  } catch {
    return 'unknown'
  }
}

function systemName(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8')
    return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
