// Installs the tools that the bench compares with, as far as this machine lets it: Debian packages,
// Go and Rust programs built into the bench's cache, an npm package there. Pinned versions.
// usage: node bench/install.ts

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachePath } from './lib/context.ts'
import { findTools } from './tools/all.ts'
import { findProgram } from './tools/tool.ts'

const debianPackages = {
  wrk: 'wrk',
  hey: 'hey',
  ab: 'apache2-utils',
  nginx: 'nginx-light',
  openssl: 'openssl',
  gcc: 'gcc libc6-dev',
}

const goPrograms = [
  { name: 'k6', module: 'go.k6.io/k6', version: 'v1.8.1' },
  { name: 'vegeta', module: 'github.com/tsenart/vegeta/v12', version: 'v12.12.0' },
]

const ohaVersion = '1.16.0'
const parserVersion = '3.1.1'

mkdirSync(join(cachePath, 'bin'), { recursive: true })
installDebian()
for (const program of goPrograms) installGo(program)
installOha()
installParser()
tell()

function installDebian(): void {
  const missing = Object.entries(debianPackages).filter(([name]) => findProgram(name) === null)
  if (missing.length === 0) return
  const names = missing.flatMap(([, packages]) => packages.split(' '))
  run(['apt-get', 'install', '-y', '--no-install-recommends', ...names], {})
}

// `go install MODULE@VERSION` asks for the list of all versions, which not every proxy has; a module
// that requires the one version does not.
function installGo({ name, module, version }: (typeof goPrograms)[number]): void {
  if (findProgram(name) !== null) return
  const folder = join(cachePath, name)
  mkdirSync(folder, { recursive: true })
  const goMod = `module limitscope-bench/${name}\n\ngo 1.24\n\nrequire ${module} ${version}\n`
  writeFileSync(join(folder, 'go.mod'), goMod)
  writeFileSync(
    join(folder, 'tools.go'),
    `//go:build tools\n\npackage tools\n\nimport _ "${module}"\n`,
  )
  const env = { GOBIN: join(cachePath, 'bin'), GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'auto' }
  run(['go', 'install', module], { cwd: folder, env })
}

function installOha(): void {
  if (findProgram('oha') !== null) return
  // Newer dependencies than the locked ones need a newer compiler.
  run(['cargo', 'install', `oha@${ohaVersion}`, '--locked', '--root', cachePath], {})
}

function installParser(): void {
  if (findTools().tools.has('eventsource-parser')) return
  const name = `eventsource-parser@${parserVersion}`
  run(['npm', 'install', '--prefix', cachePath, '--no-audit', '--no-fund', name], {})
}

function tell(): void {
  for (const { name, version, note } of findTools().versions) {
    process.stdout.write(`${name}: ${version ?? `absent: ${note}`}\n`)
  }
}

/** What fails is told and left out: the bench names what is absent. */
function run(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
): void {
  const [program, ...args] = argv
  process.stderr.write(`${argv.join(' ')}\n`)
  const env = { ...process.env, ...options.env }
  const { status, error } = spawnSync(program!, args, { ...options, env, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.stderr.write(`failed: ${error?.message ?? `exit code ${status}`}\n`)
}
