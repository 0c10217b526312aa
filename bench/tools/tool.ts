// What a load generator is to the bench: how it is found, started and read.

import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { Output } from '../lib/children.ts'
import { cachePath } from '../lib/context.ts'
import type { Client } from '../lib/observe.ts'
import type { ServerSpec } from '../lib/servers.ts'
import type { Values } from '../lib/types.ts'

/** A load to make. */
export interface LoadSpec {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** Open loop at this rate; null: closed loop. */
  readonly ratePerS: number | null
  readonly isPoisson?: boolean
  /** Write every request to disk. */
  readonly isSaved?: boolean
  /** Only so many requests, where the tool can. */
  readonly requests?: number
  /** An empty folder for the tool's files. */
  readonly folder: string
}

/** What a tool said of its run. */
export interface LoadReport {
  readonly requests: number
  readonly ratePerS: number
  readonly p50Us: number | null
  readonly p99Us: number | null
  /** Requests without an answer; those cut off by the end of the run do not count. */
  readonly failures: number
  readonly more?: Values
  readonly notes?: readonly string[]
}

/** A tool that is installed. */
export interface FoundTool {
  readonly name: string
  readonly path: string
  readonly version: string
  command(spec: LoadSpec): Client
  /** Throws when the output is not what it should be. */
  read(output: Output, spec: LoadSpec): LoadReport
  /** A variant of the server that this tool needs. */
  serverOf?(server: ServerSpec): ServerSpec
}

/** A tool that may be installed; a text says why it is not. */
export interface Tool {
  readonly name: string
  find(): FoundTool | string
}

/** Path of a program: the bench's own cache first, then PATH. */
export function findProgram(name: string): string | null {
  const folders = [join(cachePath, 'bin'), ...(process.env.PATH ?? '').split(':'), '/usr/sbin']
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first match of `pattern` in what a command prints, or 'unknown version'. */
export function versionFrom(argv: readonly string[], pattern: RegExp): string {
  const [program, ...args] = argv
  const { stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8', timeout: 20_000 })
  return pattern.exec(`${stdout ?? ''}\n${stderr ?? ''}`)?.[1] ?? 'unknown version'
}

/** The number that a pattern finds in a text; null when it finds none. */
export function numberIn(text: string, pattern: RegExp): number | null {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? null : Number(found.replaceAll(',', ''))
}

/** '1.05ms', '216.00us', '1.2s' → µs. */
export function spanUs(text: string): number | null {
  const match = /^([\d.]+)\s*(us|µs|ms|s|m)$/.exec(text.trim())
  if (match === null) return null
  const usPer = { us: 1, µs: 1, ms: 1e3, s: 1e6, m: 60e6 }[match[2]!]!
  return Number(match[1]) * usPer
}
