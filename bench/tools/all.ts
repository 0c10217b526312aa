// Every tool of the bench, and which of them are here.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cachePath } from '../lib/context.ts'
import type { ToolVersion } from '../lib/types.ts'
import { ab } from './ab.ts'
import { autocannon } from './autocannon.ts'
import { bareSockets } from './bareSockets.ts'
import { hey } from './hey.ts'
import { k6 } from './k6.ts'
import { limitscope } from './limitscope.ts'
import { oha } from './oha.ts'
import { type FoundTool, findProgram, type Tool, versionFrom } from './tool.ts'
import { undici } from './undici.ts'
import { vegeta } from './vegeta.ts'
import { wrk } from './wrk.ts'

const loaders: readonly Tool[] = [
  limitscope,
  bareSockets,
  wrk,
  hey,
  ab,
  autocannon,
  undici,
  oha,
  vegeta,
  k6,
]

export interface Toolbox {
  readonly tools: ReadonlyMap<string, FoundTool>
  readonly absent: ReadonlyMap<string, string>
  readonly versions: readonly ToolVersion[]
}

export function findTools(): Toolbox {
  const found = [...loaders, nginx, eventsourceParser].map((tool) => [tool, tool.find()] as const)
  const tools = found.flatMap(([{ name }, it]) =>
    typeof it === 'string' ? [] : [[name, it] as const],
  )
  const absent = found.flatMap(([{ name }, it]) =>
    typeof it === 'string' ? [[name, it] as const] : [],
  )
  const versions = found.map(([{ name }, it]) =>
    typeof it === 'string'
      ? { name, version: null, note: it }
      : { name, version: it.version, note: '' },
  )
  return { tools: new Map(tools), absent: new Map(absent), versions: [...versions, gccVersion()] }
}

const noLoad = {
  command(): never {
    throw new Error('not a load generator')
  },
  read(): never {
    throw new Error('not a load generator')
  },
}

const nginx: Tool = {
  name: 'nginx',
  find() {
    const path = findProgram('nginx')
    if (path === null) return 'not installed (apt-get install nginx-light)'
    if (findProgram('openssl') === null) return 'openssl is not installed (apt-get install openssl)'
    return { name: 'nginx', path, version: versionFrom([path, '-v'], /nginx\/(\S+)/), ...noLoad }
  },
}

const eventsourceParser: Tool = {
  name: 'eventsource-parser',
  find() {
    try {
      const require = createRequire(join(cachePath, 'package.json'))
      const path = require.resolve('eventsource-parser')
      const { version } = require('eventsource-parser/package.json') as { version: string }
      return { name: 'eventsource-parser', path, version, ...noLoad }
    } catch {
      return 'not installed (node bench/install.ts)'
    }
  },
}

function gccVersion(): ToolVersion {
  const version = versionFrom(['gcc', '--version'], /(\d+\.\d+\.\d+)/)
  const isHere = version !== 'unknown version'
  return { name: 'gcc', version: isHere ? version : null, note: isHere ? '' : 'not installed' }
}
