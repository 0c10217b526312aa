import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { CredentialSource, Lane } from '../load/lanes.ts'
import { laneOf } from './laneInput.ts'
import { runCommand } from './runCommand.ts'
import { resolveSecrets } from './secrets.ts'

const cwd = mkdtempSync(join(tmpdir(), 'limitscope-secrets-'))

afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const { PATH } = process.env

const laneFrom = (name: string, credential: CredentialSource): Lane => ({
  ...laneOf({ name, bearer: { from: 'env', name: 'unused' } }),
  credential,
})

const secrets = (lanes: readonly Lane[], env: Record<string, string> = {}) =>
  resolveSecrets(lanes, { cwd, env: { PATH, ...env } })

async function problems(
  lanes: readonly Lane[],
  env: Record<string, string> = {},
): Promise<string[]> {
  const error: unknown = await secrets(lanes, env).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ name: 'UserError', code: 'credential' })
  return (error as Error).message.split('\n')
}

test('credentials come from the environment, from files and from commands', async () => {
  writeFileSync(join(cwd, 'key.txt'), 'from-file\n')
  const lanes = [
    laneFrom('env', { from: 'env', name: 'TOKEN' }),
    laneFrom('fallback', { from: 'env', name: 'NOTHING', fallback: 'fallen-back' }),
    laneFrom('file', { from: 'file', path: 'key.txt' }),
    laneFrom('command', { from: 'command', command: 'echo from-$WORD; echo noise >&2' }),
    laneOf({ name: 'key', apiKey: { from: 'env', name: 'TOKEN' } }),
    laneOf({ name: 'nobody' }),
  ]
  expect(await secrets(lanes, { TOKEN: ' from-env\n', WORD: 'command' })).toEqual(
    new Map([
      ['env', { authorization: 'Bearer from-env' }],
      ['fallback', { authorization: 'Bearer fallen-back' }],
      ['file', { authorization: 'Bearer from-file' }],
      ['command', { authorization: 'Bearer from-command' }],
      ['key', { 'x-api-key': 'from-env' }],
      ['nobody', {}],
    ]),
  )
})

test('lanes that share a command run it once', async () => {
  const command = 'echo x >> ran; wc -l < ran'
  const lanes = ['a', 'b'].map((name) => laneFrom(name, { from: 'command', command }))
  const values = [...(await secrets(lanes)).values()].map(({ authorization }) => authorization)
  expect(values).toEqual(['Bearer 1', 'Bearer 1'])
})

test('everything that is missing is told at once, with how to set it', async () => {
  writeFileSync(join(cwd, 'empty'), '\n')
  const lanes = [
    laneFrom('free', { from: 'env', name: 'FREE_OC_TOKEN' }),
    laneFrom('premium', { from: 'env', name: 'PREMIUM_OC_TOKEN' }),
    laneFrom('slip', { from: 'env', name: 'PREMIUM_OC_TOKENS' }),
    laneFrom('file', { from: 'file', path: 'nowhere/key' }),
    laneFrom('empty', { from: 'file', path: 'empty' }),
    laneFrom('silent', { from: 'command', command: 'true' }),
    laneFrom('broken', { from: 'command', command: 'echo no such realm >&2; exit 3' }),
    laneFrom('fine', { from: 'env', name: 'OTHER' }),
    laneFrom('short', { from: 'env', name: 'X' }),
  ]
  expect(await problems(lanes, { PREMIUM_OC_TOKEN: '', OTHER: 'x', _: 'y' })).toEqual([
    'lanes.free: expected a credential in the environment variable FREE_OC_TOKEN, got nothing; export FREE_OC_TOKEN=…',
    'lanes.premium: expected a credential in the environment variable PREMIUM_OC_TOKEN, got an empty one; export PREMIUM_OC_TOKEN=…',
    'lanes.slip: expected a credential in the environment variable PREMIUM_OC_TOKENS, got nothing; export PREMIUM_OC_TOKENS=…, or did you mean PREMIUM_OC_TOKEN?',
    "lanes.file: expected a credential in the file 'nowhere/key', got no such file",
    "lanes.empty: expected a credential in the file 'empty', got an empty one",
    "lanes.silent: expected a credential from the command 'true …', got an empty one",
    "lanes.broken: expected a credential from the command 'echo …', got exit code 3: no such realm",
    'lanes.short: expected a credential in the environment variable X, got nothing; export X=…',
  ])
})

test('no message about credentials holds one', async () => {
  const canary = 'canary-4711'
  const jwt = 'eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl'
  writeFileSync(join(cwd, 'lines'), `${canary}\n${canary}\n`)
  const lanes = [
    laneFrom('env', { from: 'env', name: 'TOKEN' }),
    laneFrom('file', { from: 'file', path: 'lines' }),
    laneFrom('echo', {
      from: 'command',
      command: `echo ${canary}; echo "got ${canary}" >&2; false`,
    }),
    laneFrom('named', { from: 'command', command: 'echo "bad $MY_SECRET" >&2; false' }),
    laneFrom('known', {
      from: 'command',
      command: `echo "Bearer ${canary} ${jwt} password: ${canary} https://u:${canary}@h" >&2; false`,
    }),
    laneFrom('two', { from: 'command', command: `echo ${canary}; echo ${canary}` }),
  ]
  const lines = await problems(lanes, { TOKEN: `${canary}\n${canary}`, MY_SECRET: canary })
  expect(lines).toHaveLength(6)
  expect(lines.filter((line) => line.includes(canary) || line.includes('eyJ'))).toEqual([])
  expect(lines[3]).toContain('exit code 1: bad ***')
})

test('a command that does not end is ended, with all that it has started', async () => {
  const started = performance.now()
  const running = runCommand('sleep 20 | cat', { cwd, env: { PATH }, timeoutMs: 100 })
  await expect(running).rejects.toThrow('no answer within 0.1 s')
  expect(performance.now() - started).toBeLessThan(10_000)
})
