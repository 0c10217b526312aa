// For tests: real limiters nobody here wrote, as programs on loopback: nginx, HAProxy, Varnish; and how
// a program is started there.

import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestServer } from './servers.ts'

/** Whether a program is on this machine. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`], { env: programEnv }).status === 0
}

// Debian keeps daemons where a user's PATH does not look.
const programEnv = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }

/** nginx in front of `upstream` (an origin), with these directives for http and for the location. */
export async function nginx(parts: {
  readonly http: string
  readonly location: string
  readonly upstream: string
}): Promise<TestServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'limitscope-nginx-'))
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n')
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 256; }
http { access_log off; ${paths} ${parts.http}
server { listen 127.0.0.1:${port}; keepalive_requests 100000;
location / { ${parts.location} proxy_pass ${parts.upstream}; } } }`,
  )
  return daemon('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { port })
}

/** HAProxy in front of `upstream`, with these lines in its frontend. */
export async function haproxy(parts: {
  readonly frontend: string
  readonly upstream: string
}): Promise<TestServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'limitscope-haproxy-'))
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global
  maxconn 256
defaults
  mode http
  timeout connect 2s
  timeout client 20s
  timeout server 20s
frontend f
  bind 127.0.0.1:${port}
${parts.frontend}
  default_backend b
backend b
  server s ${new URL(parts.upstream).host}
`,
  )
  return daemon('haproxy', ['-f', join(folder, 'haproxy.cfg'), '-db'], { port })
}

/** Varnish in front of `upstream`, with these lines in `vcl_recv`; needs a C compiler at its start. */
export async function varnish(parts: {
  readonly receive: string
  readonly upstream: string
}): Promise<TestServer> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'limitscope-varnish-'))
  const { hostname, port: upstreamPort } = new URL(parts.upstream)
  writeFileSync(
    join(folder, 'default.vcl'),
    `vcl 4.0;
import vsthrottle;
backend default { .host = "${hostname}"; .port = "${upstreamPort}"; }
sub vcl_recv { ${parts.receive} return (pass); }
`,
  )
  const work = ['-n', join(folder, 'work'), '-f', join(folder, 'default.vcl'), '-s', 'malloc,4m']
  return daemon('varnishd', ['-F', '-j', 'none', '-a', `127.0.0.1:${port}`, ...work], { port })
}

/** Starts a program that listens on that port of loopback; resolves when it does. */
export async function daemon(
  name: string,
  args: readonly string[],
  { port, env = {} }: { readonly port: number; readonly env?: Readonly<Record<string, string>> },
): Promise<TestServer> {
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe']
  const child = spawn(name, args, { stdio, env: { ...programEnv, ...env } })
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  try {
    await listening(port, child)
  } catch (error) {
    child.kill()
    throw new Error(`${name} did not start: ${errors}`, { cause: error })
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill()
      }),
  }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
    if (await accepts(port)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('nobody listens after 5 s')
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
