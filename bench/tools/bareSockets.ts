// Node's own sockets with nothing around them: what is left when all of limitscope is taken away.

import { join } from 'node:path'
import type { Output } from '../lib/children.ts'
import { rootPath } from '../lib/context.ts'
import type { LoadReport, LoadSpec, Tool } from './tool.ts'

export const bareSockets: Tool = {
  name: 'bare sockets',
  find() {
    const path = join(rootPath, 'bench/clients/bareSockets.ts')
    const command = ({ url, connections, seconds }: LoadSpec) => ({
      argv: [process.execPath, path, url, String(connections), String(seconds)],
    })
    return { name: 'bare sockets', path, version: process.versions.node, command, read }
  },
}

function read({ stdout }: Output): LoadReport {
  const { requests, seconds, failures } = JSON.parse(stdout) as Record<string, number>
  const ratePerS = requests! / seconds!
  return { requests: requests!, ratePerS, p50Us: null, p99Us: null, failures: failures! }
}
