// `limitscope gateway`: serves the embedded gateway until it is stopped.

import { createWriteStream } from 'node:fs'
import { exitCodes, messageOf, UserError } from '../core/errors.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { startGateway } from '../gateway/server.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import { describeLimiter } from '../limiters/models.ts'
import { tokenizer } from '../load/tokenizer.ts'
import { type CommandIo, say } from './io.ts'

export interface GatewayFlags {
  readonly preset: string
  readonly port: number
  readonly host: string
  readonly json?: boolean
  /** JSON lines of every decision, written to this file. */
  readonly log?: string
  readonly overrides: Readonly<Record<string, unknown>>
}

/** Resolves with the exit code when the gateway has been stopped. */
export async function gatewayCommand(flags: GatewayFlags, io: CommandIo): Promise<number> {
  const spec = gatewaySpec(flags.preset, flags.overrides)
  // Foreign clients send foreign text: have the tokenizer ready before the first of them.
  tokenizer()
  const gateway = await startGateway(spec, flags)
  const { decisions } = gateway.service
  if (flags.log !== undefined) decisions.writeTo(openLog(flags.log, io))
  announce(gateway.url, spec, flags, io)
  await stopped()
  await gateway.close()
  say(io, `gateway: stopped after ${decisions.count} decisions`)
  return exitCodes.passed
}

function announce(url: string, spec: GatewaySpec, { json }: GatewayFlags, io: CommandIo): void {
  const { preset, dialect, models, tiers } = spec
  if (json === true) {
    io.stdout.write(`${JSON.stringify({ url, preset, dialect, models, tiers })}\n`)
    return
  }
  io.stdout.write(`${url}\n`)
  say(io, `preset ${preset}, answers like ${dialect}, models ${models.join(', ')}`)
  for (const [tier, limiters] of Object.entries(tiers)) {
    say(io, `tier ${tier}${tier === spec.defaultTier ? ' (default)' : ''}`)
    for (const limiter of limiters) say(io, `  ${describeLimiter(limiter)}`)
    if (limiters.length === 0) say(io, '  no limits')
  }
  say(io, `try: limitscope run --target ${url}   (Ctrl-C stops the gateway)`)
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

function openLog(path: string, io: CommandIo) {
  const file = createWriteStream(path, { flags: 'ax', mode: 0o600 })
  file.on('error', (error) => {
    say(io, new UserError('write', `--log: cannot write '${path}': ${messageOf(error)}`).message)
  })
  return (line: string) => void file.write(line)
}
