// Reads the credentials of lanes, once, before the run. What it reads is never written or shown.

import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf, UserError } from '../core/errors.ts'
import { nearest } from '../core/text.ts'
import type { CredentialSource, Lane, LaneSecrets } from '../load/lanes.ts'
import type { Environment } from './interpolate.ts'
import { runCommand } from './runCommand.ts'

export interface SecretsOptions {
  readonly env: Environment
  /** Folder that paths are relative to, and that commands run in. */
  readonly cwd: string
}

/** Credential files are short. */
const bytesMax = 64 * 1024

/** Secret headers by lane; throws one `UserError` with everything that is missing. */
export async function resolveSecrets(
  lanes: readonly Lane[],
  options: SecretsOptions,
): Promise<LaneSecrets> {
  const commands = new Map<string, Promise<string>>()
  const read = (source: CredentialSource) => readCredential(source, options, commands)
  const results = await Promise.allSettled(lanes.map((lane) => headersOf(lane, read)))
  const problems = results.flatMap((result, i) =>
    result.status === 'rejected' ? [`lanes.${lanes[i]!.name}: ${problemText(result.reason)}`] : [],
  )
  if (problems.length > 0) throw new UserError('credential', problems.join('\n'))
  return new Map(
    results.flatMap((result, i) =>
      result.status === 'fulfilled' ? [[lanes[i]!.name, result.value] as const] : [],
    ),
  )
}

/** What is wrong with a credential, in the form of all problems. */
class CredentialProblem extends Error {}

function problemText(reason: unknown): string {
  if (reason instanceof CredentialProblem) return reason.message
  throw reason
}

async function headersOf(
  { credential, header, prefix }: Lane,
  read: (source: CredentialSource) => Promise<string>,
): Promise<Record<string, string>> {
  // What a step captures is known only when it has done so.
  if (credential.from === 'none' || credential.from === 'capture') return {}
  const value = (await read(credential)).trim()
  const from = sourceText(credential)
  if (value === '') {
    throw new CredentialProblem(
      `expected a credential ${from}, got an empty one${advice(credential)}`,
    )
  }
  if (!/^[\x20-\x7e\x80-\xff]+$/.test(value)) {
    throw new CredentialProblem(
      `expected a credential of one line ${from}, got line breaks or characters that headers cannot carry`,
    )
  }
  return { [header]: prefix + value }
}

async function readCredential(
  source: CredentialSource,
  options: SecretsOptions,
  commands: Map<string, Promise<string>>,
): Promise<string> {
  switch (source.from) {
    case 'none':
    case 'capture':
      return ''
    case 'env':
      return readVariable(source, options.env)
    case 'file':
      return readCredentialFile(source.path, options)
    case 'command': {
      // Lanes may share a command, which may ask somebody or cost something.
      const running = commands.get(source.command) ?? runCommand(source.command, options)
      commands.set(source.command, running)
      try {
        return await running
      } catch (error) {
        throw new CredentialProblem(
          `expected a credential ${sourceText(source)}, got ${messageOf(error)}`,
        )
      }
    }
  }
}

function readVariable(
  source: Extract<CredentialSource, { from: 'env' }>,
  env: Environment,
): string {
  const { name, fallback } = source
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  const chosen = value === undefined || value.trim() === '' ? (fallback ?? value) : value
  if (chosen !== undefined) return chosen
  const guess = nearest(name, Object.keys(env))
  const hint = guess === undefined ? '' : `, or did you mean ${guess}?`
  throw new CredentialProblem(
    `expected a credential ${sourceText(source)}, got nothing${advice(source)}${hint}`,
  )
}

function readCredentialFile(path: string, { cwd, env }: SecretsOptions): string {
  const whole = path.startsWith('~/') ? `${env.HOME ?? '~'}${path.slice(1)}` : resolve(cwd, path)
  try {
    if (statSync(whole).size > bytesMax) {
      throw new Error('it is larger than 64 KiB')
    }
    return readFileSync(whole, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    const got = code === 'ENOENT' ? 'no such file' : (code ?? messageOf(error))
    throw new CredentialProblem(`expected a credential in the file '${path}', got ${got}`)
  }
}

function sourceText(source: CredentialSource): string {
  switch (source.from) {
    case 'none':
    case 'capture':
      return 'from nowhere'
    case 'env':
      return `in the environment variable ${source.name}`
    case 'file':
      return `in the file '${source.path}'`
    case 'command':
      // The rest of a command line may hold secrets of its own.
      return `from the command '${source.command.trim().split(/\s+/)[0]} …'`
  }
}

function advice(source: CredentialSource): string {
  return source.from === 'env' ? `; export ${source.name}=…` : ''
}
