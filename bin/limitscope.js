#!/usr/bin/env node
// Launcher: checks Node's version in words, sets what React and chalk read when they are loaded.

import module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `limitscope needs Node.js 22.19 or newer, this is ${process.versions.node}. In a clone, use 'npm start' or 'npx limitscope': they bring the right one.\n`,
  )
  process.exit(2)
}

process.env.NODE_ENV ??= 'production'
// chalk, and so ink, do not look at NO_COLOR.
if (process.env.NO_COLOR && !process.env.FORCE_COLOR) process.env.FORCE_COLOR = '0'

// Compiled code is kept between runs, where the system lets us: a run starts twice as fast.
module.enableCompileCache?.()
// Threads look here.
process.env.NODE_COMPILE_CACHE ??= module.getCompileCacheDir?.() ?? ''

const { main } = await import('../dist/cli.js')
process.exitCode = await main(process.argv)
