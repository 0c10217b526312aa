// The servers that are loaded: compiled at the start, started anew for every run, pinned to CPU 0.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, freshFolder, rootPath, serverCpu } from './context.ts'

export type ServerSpec =
  | {
      readonly kind: 'null'
      readonly mode: 'small' | 'large' | 'chunked' | 'limited' | 'chat' | 'denied' | 'kept'
      /** Log the arrival of every request. */
      readonly isLogged?: boolean
    }
  | { readonly kind: 'nginx' }
  | { readonly kind: 'sse'; readonly args: readonly string[] }

/** A server that accepts connections. */
export interface LoadedServer {
  readonly url: string
  readonly pid: number
  signal(name: NodeJS.Signals): void
  stop(): Promise<ServerLog>
}

/** What a server knew at its end. */
export interface ServerLog {
  /** Its own words, as JSON; empty for nginx. */
  readonly counts: Readonly<Record<string, number>>
  /** Arrivals, or sends, in ns of CLOCK_MONOTONIC; empty when not logged. */
  readonly stampsNs: BigUint64Array
}

/** Compiles the servers; returns why that was impossible, or null. */
export function compileServers(scratchPath: string): string | null {
  const source = (name: string) => join(rootPath, 'bench/servers', `${name}.c`)
  try {
    for (const name of ['nullServer', 'sseServer']) {
      const args = ['-O2', '-o', join(scratchPath, name), source(name)]
      execFileSync('gcc', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    }
    return null
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer }
    if (code === 'ENOENT') return 'gcc is absent (apt-get install gcc libc6-dev)'
    return `gcc could not compile the servers: ${stderr?.toString().split('\n')[0] ?? ''}`
  }
}

export async function startServer(context: Context, spec: ServerSpec): Promise<LoadedServer> {
  const port = await freePort()
  const logPath = join(context.scratchPath, `stamps-${port}`)
  const argv = argvOf(context, spec, { port, logPath })
  const running = context.children.start(argv, { cpu: serverCpu })
  await listening(port, running.end)
  return {
    url: `${spec.kind === 'nginx' ? 'https' : 'http'}://127.0.0.1:${port}/`,
    pid: running.pid,
    signal: running.signal,
    async stop() {
      running.signal('SIGTERM')
      const { stdout } = await running.end
      const counts = stdout.startsWith('{') ? JSON.parse(stdout) : {}
      return { counts, stampsNs: readStamps(logPath) }
    },
  }
}

function argvOf(
  context: Context,
  spec: ServerSpec,
  { port, logPath }: { port: number; logPath: string },
): readonly string[] {
  const { scratchPath } = context
  switch (spec.kind) {
    case 'null': {
      const log = spec.isLogged === true ? [logPath] : []
      return [join(scratchPath, 'nullServer'), String(port), spec.mode, ...log]
    }
    case 'sse':
      return [join(scratchPath, 'sseServer'), String(port), ...spec.args, logPath]
    case 'nginx': {
      const folder = freshFolder(context)
      writeFileSync(join(folder, 'nginx.conf'), nginxConfig(certificate(scratchPath), port, folder))
      const nginx = context.tools.get('nginx')?.path ?? 'nginx'
      return [nginx, '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]
    }
  }
}

// One process without a master, so that its CPU time is that of one pid.
function nginxConfig(certificatePath: string, port: number, folder: string): string {
  const body = `{"data":"${'x'.repeat(91)}"}`
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port} ssl backlog=4096;
    ssl_certificate ${certificatePath}.crt;
    ssl_certificate_key ${certificatePath}.key;
    ssl_protocols TLSv1.3;
    location / { default_type application/json; return 200 '${body}'; }
  }
}
`
}

/** A self-signed EC P-256 certificate; path without its .crt and .key. */
function certificate(scratchPath: string): string {
  const path = join(scratchPath, 'server')
  if (!existsSync(`${path}.crt`)) {
    const args = 'req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256'.split(' ')
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    const files = ['-keyout', `${path}.key`, '-out', `${path}.crt`]
    execFileSync('openssl', [...args, ...names, ...files], { stdio: 'ignore' })
  }
  return path
}

function readStamps(path: string): BigUint64Array {
  if (!existsSync(path)) return new BigUint64Array()
  const { buffer, byteOffset, byteLength } = readFileSync(path)
  return new BigUint64Array(buffer.slice(byteOffset, byteOffset + byteLength))
}

/** Logged ns → µs since the first of them, in order. */
export function stampsUs(stampsNs: BigUint64Array): Float64Array {
  const sortedNs = stampsNs.slice().sort()
  const firstNs = sortedNs[0] ?? 0n
  return Float64Array.from(sortedNs, (ns) => Number(ns - firstNs) / 1000)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

async function listening(port: number, end: Promise<{ readonly stderr: string }>): Promise<void> {
  let death = ''
  end.then(
    ({ stderr }) => {
      death = `it ended: ${stderr.trim()}`
    },
    (error: Error) => {
      death = error.message
    },
  )
  for (let i = 0; i < 250 && death === ''; i++) {
    if (await accepts(port)) return
    await sleep(20)
  }
  throw new Error(`the server does not listen on port ${port}; ${death}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
