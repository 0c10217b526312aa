// `limitscope demo`: the flagship scenarios on the embedded gateway, as `npm start` shows them.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packagePath } from '../core/package.ts'
import { type CommandIo, say } from './io.ts'
import { type OutputFlags, runCommand } from './run.ts'

const flagships = ['many-cheap', 'few-expensive', 'interplay']

export async function demoCommand(flags: OutputFlags, io: CommandIo): Promise<number> {
  const target = 'gateway:kuadrant'
  const config = demoConfig()
  const env = { ...io.env, TARGET: undefined }
  const exitCode = await runCommand(
    flagships,
    { ...flags, config, target, name: 'demo' },
    { ...io, env },
  )
  if (flags.json !== true) {
    say(
      io,
      'next: limitscope run --target https://your-gateway --max-requests 200, or see README.md',
    )
  }
  return exitCode
}

/** The config of the clone this runs in; an installed package carries it compiled. */
function demoConfig(): string {
  const candidates = ['bench.config.ts', 'dist/demo/bench.config.js'].map((name) =>
    join(packagePath, name),
  )
  const isInstalled = packagePath.includes('node_modules')
  return candidates.find((path) => existsSync(path) && !(isInstalled && path.endsWith('.ts')))!
}
