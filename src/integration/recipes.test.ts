// The jobs in docs/ci, run as their runners would: the same commands in the same shells, with the
// embedded gateway for a target.

import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..', '..')
const recipe = (name: string) => parse(readFileSync(join(root, 'docs', 'ci', name), 'utf8'))

/** A project that has limitscope installed, with a scenario of `requests` requests. */
function project(requests: number, expectation: string): string {
  const path = mkdtempSync(join(tmpdir(), 'limitscope-ci-'))
  mkdirSync(join(path, 'node_modules'))
  symlinkSync(root, join(path, 'node_modules', 'limitscope'))
  mkdirSync(join(path, 'bin'))
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${root}/bin/limitscope.js" "$@"\n`
  writeFileSync(join(path, 'bin', 'npx'), npx)
  writeFileSync(join(path, 'bin', 'npm'), '#!/bin/sh\n')
  for (const name of ['npx', 'npm']) chmodSync(join(path, 'bin', name), 0o755)
  writeFileSync(
    join(path, 'bench.config.json'),
    JSON.stringify({
      target: 'gateway:plain',
      shapes: [{ kind: 'chat', name: 'cheap', promptTokens: 8, outputTokensMax: 4 }],
      lanes: [{ name: 'free' }],
      scenarios: [
        {
          name: 'nightly',
          mix: ['cheap'],
          arrivals: { kind: 'spaced', gap: '1ms' },
          until: [{ kind: 'requests', count: requests }],
          expect: [expectation],
        },
      ],
    }),
  )
  return path
}

interface Ended {
  readonly code: number | null
  readonly stderr: string
}

function execute(cwd: string, command: readonly string[], env: Record<string, string>) {
  const [program, ...args] = command
  const child = spawn(program!, args, {
    cwd,
    env: {
      PATH: `${join(cwd, 'bin')}:${join(process.execPath, '..')}:${process.env.PATH}`,
      TARGET: 'gateway:plain',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stderr }))
  })
  return { child, ended }
}

describe('the GitHub Actions job', () => {
  const { jobs } = recipe('github-actions.yml')
  const steps: { run?: string; if?: string; with?: { path?: string } }[] = jobs.limits.steps
  const script = steps.find(({ run }) => run?.includes('limitscope'))!.run!
  const github = { GITHUB_RUN_ID: '77', GITHUB_RUN_ATTEMPT: '1', GITHUB_STEP_SUMMARY: 'summary.md' }

  test('fails with an expectation, says so in its summary, and leaves what it uploads', async () => {
    const path = project(5, 'count(ok) == 6')
    // As the runner does: bash, ending at the first error.
    const command = ['bash', '-eo', 'pipefail', '-c', script]
    const { code, stderr } = await execute(path, command, github).ended
    expect(code).not.toBe(0)
    expect(stderr).toMatch(
      /^::(error|warning) file=bench\.config\.json,line=1,title=nightly%3A count\(ok\) == 6::/m,
    )
    expect(readFileSync(join(path, 'summary.md'), 'utf8')).toMatch(/count\(ok\) == 6/)
    const upload = steps.find(({ with: options }) => options?.path !== undefined)!
    expect(upload.if).toBe('always()')
    expect(existsSync(join(path, upload.with!.path!, 'nightly-77-1', 'report.html'))).toBe(true)
  }, 120_000)
})

describe('the GitLab job', () => {
  const { limits } = recipe('gitlab-ci.yml')
  const gitlab = { CI_PIPELINE_ID: '5', CI_JOB_ID: '9' }
  test('leaves the JUnit file where the merge request looks for it, and is only warned by a run that says nothing', async () => {
    const path = project(5, 'p99(response) < 1s')
    const script = limits.script.join('\n')
    const { code } = await execute(path, ['bash', '-ec', script], gitlab).ended
    expect(code).toBe(limits.allow_failure.exit_codes)
    expect(globSync(limits.artifacts.reports.junit, { cwd: path })).toHaveLength(1)
    expect(existsSync(join(path, limits.artifacts.paths[0]))).toBe(true)
  }, 120_000)
})

describe('the Kubernetes CronJob', () => {
  const { spec } = recipe('kubernetes-cronjob.yaml')
  const { template, backoffLimit } = spec.jobTemplate.spec
  const [container] = template.spec.containers
  const command = (path: string, caps: Record<string, string> = {}) =>
    [...container.command, ...container.args].map((word: string) => {
      const [name, value] = word.split('=')
      const mine = value === undefined ? word : `${name}=${caps[name!] ?? value}`
      return mine.replace('$(TARGET)', 'gateway:plain').replace('/work', path)
    })
  const foldersOf = (path: string) =>
    readdirSync(join(path, 'results')).filter((name) => name !== 'history.csv')

  test('is not run again when it fails, and may not cost more than its caps', () => {
    expect([backoffLimit, template.spec.restartPolicy]).toEqual([0, 'Never'])
    const caps = ['--max-requests', '--max-tokens', '--max-duration']
    for (const cap of caps) expect(container.args.join()).toContain(`${cap}=`)
  })

  test('writes everything when it is asked to go', async () => {
    const path = project(100_000, 'count(ok) == 100000')
    const { child, ended } = execute(path, command(path, { '--max-requests': '100000' }), {})
    const isUnderWay = () =>
      existsSync(join(path, 'results')) && foldersOf(path).some((name) => name.includes('nightly'))
    await expect.poll(isUnderWay, { timeout: 60_000 }).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    child.kill('SIGTERM')
    expect((await ended).code).toBe(143)
    const [folder] = foldersOf(path)
    const names = readdirSync(join(path, 'results', folder!))
    expect(names).toEqual(expect.arrayContaining(['report.html', 'junit.xml', 'summary.json']))
    expect(names).not.toContain('requests.journal')
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60)
  }, 120_000)
})
