// undici's Client.dispatch with a bare handler, one client per connection: the most of its API.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Output } from '../lib/children.ts'
import { rootPath } from '../lib/context.ts'
import type { LoadReport, LoadSpec, Tool } from './tool.ts'

export const undici: Tool = {
  name: 'undici',
  find() {
    try {
      const require = createRequire(join(rootPath, 'package.json'))
      const { version } = require('undici/package.json') as { version: string }
      const path = join(rootPath, 'bench/clients/undiciClosed.ts')
      const command = ({ url, connections, seconds }: LoadSpec) => ({
        argv: [process.execPath, path, url, String(connections), String(seconds)],
      })
      return { name: 'undici', path, version, command, read }
    } catch {
      return 'not installed (npm ci in the project)'
    }
  },
}

interface Report {
  readonly requests: number
  readonly seconds: number
  readonly failures: number
  readonly p50Us: number
  readonly p99Us: number
}

function read({ stdout }: Output): LoadReport {
  const { requests, seconds, failures, p50Us, p99Us } = JSON.parse(stdout) as Report
  return { requests, ratePerS: requests / seconds, p50Us, p99Us, failures }
}
