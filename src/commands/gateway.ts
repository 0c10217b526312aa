// `limitscope gateway`: serves the embedded gateway until it is stopped.

import { createWriteStream } from 'node:fs'
import { exitCodes, messageOf, UserError } from '../core/errors.ts'
import { breaks as breakTexts } from '../gateway/breaks.ts'
import { knobLines } from '../gateway/knobs.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { presetTable } from '../gateway/presets.ts'
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

/** What commander read, as the command takes it; throws `UserError`. */
export function gatewayFlags(flags: Readonly<Record<string, unknown>>): GatewayFlags {
  const { preset, port, host, json, log, faithful, documented, set, break: breaks, ...rest } = flags
  if (faithful === true && documented === true) {
    throw new UserError('usage', 'gateway: --faithful and --documented exclude each other')
  }
  const overrides = {
    ...rest,
    mode: documented === true ? 'documented' : 'faithful',
    knobs: Object.fromEntries((set as readonly string[]).map(knobOf)),
    breaks,
  }
  return { preset, port, host, json, log, overrides } as GatewayFlags
}

/** 'NAME=VALUE' as a pair. */
function knobOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UserError('usage', `gateway: --set: expected NAME=VALUE, got '${text}'`)
}

/** How far a log is behind: to write each line by itself costs as much as to serve a request. */
const logEveryMs = 100

/** Resolves with the exit code when the gateway has been stopped. */
export async function gatewayCommand(flags: GatewayFlags, io: CommandIo): Promise<number> {
  const spec = gatewaySpec(flags.preset, flags.overrides, io.env)
  // Foreign clients send foreign text: have the tokenizer ready before the first of them.
  tokenizer()
  // Nobody can ask this process for decisions: to keep them costs collections, which stop it.
  const gateway = await startGateway({ ...spec, decisionsMax: 0 }, flags)
  const { decisions } = gateway.service
  if (flags.log !== undefined) decisions.writeTo(openLog(flags.log, io))
  announce(gateway.url, spec, flags, io)
  await stopped()
  await gateway.close()
  say(io, `gateway: stopped after ${decisions.count} decisions`)
  return exitCodes.passed
}

function announce(url: string, spec: GatewaySpec, { json }: GatewayFlags, io: CommandIo): void {
  const { preset, mode, breaks, dialect, models, tiers } = spec
  const knobs = knobLines(presetTable[preset]!.knobs(mode), { ...spec.system })
  if (json === true) {
    const document = { url, preset, mode, breaks, knobs, dialect, models, tiers }
    io.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  io.stdout.write(`${url}\n`)
  say(io, `preset ${preset}, answers like ${dialect}, models ${models.join(', ')}`)
  if (knobs.length > 0) say(io, `plays ${preset} ${modeTexts[mode]}; knobs (--set NAME=VALUE):`)
  for (const { name, value, description } of knobs) {
    say(io, `  ${`${name}=${value}`.padEnd(36)} ${description}`)
  }
  for (const name of breaks) say(io, `broken on purpose: ${name}: ${breakTexts[name]}`)
  for (const [tier, limiters] of Object.entries(tiers)) {
    say(io, `tier ${tier}${tier === spec.defaultTier ? ' (default)' : ''}`)
    for (const limiter of limiters) say(io, `  ${describeLimiter(limiter)}`)
    if (limiters.length === 0) say(io, '  no limits')
  }
  say(io, `try: limitscope run --target ${url}   (Ctrl-C stops the gateway)`)
}

const modeTexts = {
  faithful: 'as its code behaves',
  documented: 'as its documents say',
} as const

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
  let lines = ''
  return (line: string) => {
    if (lines === '') {
      setTimeout(() => {
        file.write(lines)
        lines = ''
      }, logEveryMs)
    }
    lines += line
  }
}
