// Makes a clone ready: installs what the lockfile says and builds, each only when something changed.
// Runs on the Node.js 20 of a fresh machine; everything after it runs on the pinned one.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stamp = join(root, 'node_modules', '.limitscope-setup')

install()
run('npm', ['run', '--silent', 'build'])

function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(readFileSync(join(root, 'package.json')))
    .digest('hex')
  const found = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
  if (found === wanted && existsSync(join(root, 'node_modules', '.bin', 'node'))) return
  process.stderr.write('limitscope: installing packages (about half a minute, once) ...\n')
  // Their warnings are about the Node.js that runs npm here, not the one that runs the project.
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, wanted)
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  process.stderr.write(
    `limitscope: '${command} ${args.join(' ')}' failed${error ? `: ${error.message}` : ''}\n`,
  )
  process.exit(status ?? 1)
}
