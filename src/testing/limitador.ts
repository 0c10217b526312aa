// For tests: Limitador behind a small HTTP server of ours, which asks it as Kuadrant does.

import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { daemon, freePort } from './daemons.ts'
import type { TestServer } from './servers.ts'

const source = join(import.meta.dirname, 'limitador')
const target = join(tmpdir(), 'limitscope-limitador')

/** The version of the crate in its Cargo.toml. */
export const limitadorVersion = '0.14.0'

/** Limits per `authorization`; windows in seconds. */
export interface LimitadorLimits {
  readonly requests: number
  readonly requestWindowS: number
  readonly tokens: number
  readonly tokenWindowS: number
  /** Tokens are charged after the answer, or held before it. */
  readonly mode: 'check-report' | 'reservation'
}

/** Builds it once, in the temporary folder; returns why that cannot be, or null. */
export function buildLimitador(): string | null {
  const manifest = join(source, 'Cargo.toml')
  const args = ['build', '--release', '--locked', '--manifest-path', manifest]
  const built = spawnSync('cargo', [...args, '--target-dir', target], { encoding: 'utf8' })
  return built.status === 0
    ? null
    : `cargo ${args.join(' ')}: ${built.error?.message ?? built.stderr}`
}

export async function startLimitador(limits: LimitadorLimits): Promise<TestServer> {
  const { requests, requestWindowS, tokens, tokenWindowS, mode } = limits
  const port = await freePort()
  const args = [port, requests, requestWindowS, tokens, tokenWindowS, mode].map(String)
  return daemon(join(target, 'release', 'limitador-front'), args, { port })
}
