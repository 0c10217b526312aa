// What every part of the bench needs: folders, tools that were found, processes, options.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FoundTool } from '../tools/tool.ts'
import type { Children } from './children.ts'
import type { Options } from './options.ts'

export interface Context {
  readonly options: Options
  readonly children: Children
  /** Temporary files; gone at the end. */
  readonly scratchPath: string
  /** By name; those that are not here are absent. */
  readonly tools: ReadonlyMap<string, FoundTool>
  /** Why a tool, or a compiler, is absent. */
  readonly absent: ReadonlyMap<string, string>
}

export const rootPath = join(import.meta.dirname, '../..')
export const resultsPath = join(rootPath, 'results')

/** Where tools live that are neither Debian's nor the project's; made on demand. */
export const cachePath = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'limitscope-bench',
)

/** CPUs of the two sides; a run that writes files may use both. */
export const serverCpu = '0'
export const clientCpu = '1'
export const bothCpus = '0,1'

export function makeScratch(): string {
  return mkdtempSync(join(tmpdir(), 'limitscope-bench-'))
}

let folders = 0

/** A new folder for one run. */
export function freshFolder({ scratchPath }: Pick<Context, 'scratchPath'>): string {
  const path = join(scratchPath, `run-${++folders}`)
  mkdirSync(path)
  return path
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
}
