// For tests: the LiteLLM proxy in front of an OpenAI-compatible server, with limits per key and no
// database: a custom authentication says what each key may do.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './daemons.ts'

export interface LiteLlm {
  readonly url: string
  readonly version: string
  close(): Promise<void>
}

/** What keys may do, in the words of LiteLLM. */
export type KeyLimits = Readonly<Record<string, Readonly<Record<string, number>>>>

const folder = join(tmpdir(), 'limitscope-litellm')
const python = join(folder, 'venv', 'bin', 'python')
const program = join(folder, 'venv', 'bin', 'litellm')

/** Installs the proxy once, into a folder of its own; returns why that cannot be, or null. */
export function installLiteLlm(): string | null {
  if (existsSync(program)) return null
  mkdirSync(folder, { recursive: true })
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', join(folder, 'venv')]],
    [python, ['-m', 'pip', 'install', '--quiet', '--no-compile', 'litellm[proxy]']],
  ]
  for (const [command, args] of steps) {
    const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) return `${command} ${args.join(' ')}: ${error?.message ?? stderr}`
  }
  return null
}

/** Starts it with `windowS` seconds as its minute; resolves when it is ready. */
export async function startLiteLlm(
  upstreamUrl: string,
  limits: KeyLimits,
  windowS: number,
): Promise<LiteLlm> {
  const place = mkdtempSync(join(tmpdir(), 'limitscope-litellm-run-'))
  writeFileSync(join(place, 'keys.py'), keysModule(limits))
  writeFileSync(join(place, 'config.yaml'), configText(upstreamUrl))
  const port = await freePort()
  const child = spawn(program, ['--config', 'config.yaml', '--port', String(port)], {
    cwd: place,
    env: {
      ...process.env,
      PYTHONPATH: place,
      // It does not start without one.
      LITELLM_MASTER_KEY: `sk-${randomUUID()}`,
      LITELLM_RATE_LIMIT_WINDOW_SIZE: String(windowS),
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
      LITELLM_LOG: 'ERROR',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = `http://127.0.0.1:${port}`
  await ready(child, `${url}/health/liveliness`)
  return { url, version: versionOf(), close: () => end(child) }
}

function keysModule(limits: KeyLimits): string {
  return `from litellm.proxy._types import UserAPIKeyAuth

LIMITS = ${JSON.stringify(limits)}


async def user(request, api_key: str) -> UserAPIKeyAuth:
    if api_key not in LIMITS:
        raise Exception("no such key")
    return UserAPIKeyAuth(api_key=api_key, **LIMITS[api_key])
`
}

function configText(upstreamUrl: string): string {
  return `model_list:
  - model_name: small
    litellm_params:
      model: openai/limitscope-small
      api_base: ${upstreamUrl}/v1
      api_key: sk-upstream
general_settings:
  custom_auth: keys.user
`
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  let said = ''
  child.stdout!.on('data', (chunk) => {
    said += chunk
  })
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  for (let i = 0; i < 600; i++) {
    if (child.exitCode !== null) throw new Error(`the proxy has ended: ${said.slice(-2000)}`)
    const answer = await fetch(url).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  child.kill()
  throw new Error(`the proxy does not answer: ${said.slice(-2000)}`)
}

function versionOf(): string {
  const code = 'from importlib.metadata import version; print(version("litellm"))'
  return spawnSync(python, ['-c', code], { encoding: 'utf8' }).stdout.trim()
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill()
  })
}
