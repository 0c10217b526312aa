// For tests: the rate limit service of Envoy with its Redis, asked over HTTP (`POST /json`).

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { daemon, freePort, hasProgram } from './daemons.ts'
import type { TestServer } from './servers.ts'

/** It has no releases. */
export const envoyRatelimitVersion = 'v1.4.1-0.20260122083618-3fb702589d36'

const module = 'github.com/envoyproxy/ratelimit/src/service_cmd'
const folder = join(tmpdir(), 'limitscope-envoy-ratelimit')
const program = join(folder, 'service_cmd')

/** Installs the service once, into a folder of its own; returns why that cannot be, or null. */
export function installEnvoyRatelimit(): string | null {
  if (!hasProgram('redis-server')) return 'redis-server is missing: apt-get install redis-server'
  if (existsSync(program)) return null
  const args = ['install', `${module}@${envoyRatelimitVersion}`]
  const env = { ...process.env, GOBIN: folder }
  const installed = spawnSync('go', args, { encoding: 'utf8', env })
  if (installed.status === 0) return null
  return `go ${args.join(' ')}: ${installed.error?.message ?? installed.stderr}`
}

/** Starts it with these descriptors (YAML) in the domain `api`. */
export async function startEnvoyRatelimit(descriptors: string): Promise<TestServer> {
  const place = mkdtempSync(join(tmpdir(), 'limitscope-envoy-ratelimit-run-'))
  mkdirSync(join(place, 'ratelimit', 'config'), { recursive: true })
  writeFileSync(
    join(place, 'ratelimit', 'config', 'api.yaml'),
    `domain: api\ndescriptors:\n${descriptors}`,
  )
  const [redisPort, port, grpcPort, debugPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const redis = await daemon(
    'redis-server',
    ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', place],
    { port: redisPort },
  )
  const service = await daemon(program, [], {
    port,
    env: {
      REDIS_SOCKET_TYPE: 'tcp',
      REDIS_URL: `127.0.0.1:${redisPort}`,
      RUNTIME_ROOT: place,
      RUNTIME_SUBDIRECTORY: 'ratelimit',
      RUNTIME_WATCH_ROOT: 'false',
      USE_STATSD: 'false',
      LOG_LEVEL: 'error',
      HOST: '127.0.0.1',
      PORT: String(port),
      GRPC_HOST: '127.0.0.1',
      GRPC_PORT: String(grpcPort),
      DEBUG_HOST: '127.0.0.1',
      DEBUG_PORT: String(debugPort),
    },
  })
  return {
    origin: service.origin,
    async close() {
      await service.close()
      await redis.close()
    },
  }
}
