// What a user reads where a real target is not what it should be, over sockets: one clear line each, and
// the teardown is done all the same. In front of each embedded system a server answers some requests in
// its own way.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { main } from '../../cli.ts'
import { gatewaySpec } from '../../gateway/overrides.ts'
import { startGateway } from '../../gateway/server.ts'
import { workplace } from '../../testing/commandIo.ts'
import { httpServer } from '../../testing/servers.ts'

/** Where each pack looks for its target. */
const variables = {
  maas: 'MAAS_API_BASE_URL',
  'llm-server': 'API_BASE',
  'inference-service': 'INFERENCE_BASE_URL',
  bifrost: 'BIFROST_BASE_URL',
  'api-router': 'API_ROUTER_URL',
} as const

const servers: { close(): Promise<void> }[] = []
const env: Record<string, string> = {
  FREE_OC_TOKEN: 'sha256~a-token',
  MODEL_NAME: 'no-such-model',
  API_KEY: 'a-key',
  STREAM_TEST_TIMEOUT: '1',
  INFERENCE_TEST_TIMEOUT: '1',
  VLLM_BACKEND_URL: 'http://127.0.0.1:9',
}
/** Answers requests instead of the system behind; true: it has. */
let instead: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
const heard: string[] = []

beforeAll(async () => {
  for (const [preset, variable] of Object.entries(variables)) {
    const gateway = await startGateway(gatewaySpec(preset, {}))
    const front = await httpServer((request, response) => {
      heard.push(`${request.method} ${request.url}`)
      if (!instead(request, response)) void pass(request, response, gateway.url)
    })
    servers.push(front, gateway)
    env[variable] = front.origin + (preset === 'maas' ? '/maas-api' : '')
  }
  // The scenarios read them when they are loaded, the first time that something is run.
  Object.assign(process.env, env)
})

afterEach(() => {
  instead = () => false
  heard.length = 0
})

afterAll(closeAll)

async function closeAll(): Promise<void> {
  for (const server of servers.splice(0)) await server.close()
}

async function pass(request: IncomingMessage, response: ServerResponse, origin: string) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const answer = await fetch(`${origin}${request.url}`, {
    method: request.method!,
    headers: { ...(request.headers as Record<string, string>), connection: 'close' },
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  })
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
  response.end(Buffer.from(await answer.arrayBuffer()))
}

const config = join(import.meta.dirname, '../../../bench.config.ts')

/** Runs one scenario of a pack on its real target; the lines that a user reads. */
async function linesOf(scenario: string, known: Readonly<Record<string, string>> = env) {
  const place = workplace(known)
  const args = ['run', scenario, '-c', config, '--target-profile', 'real', '--reporter', 'silent']
  const code = await main(['node', 'limitscope', ...args], place.io)
  return { code, place, lines: place.stdout().split('\n') }
}

const failedIn = (lines: readonly string[]) => lines.filter((line) => /^ {2}FAILED/.test(line))

const isChat = ({ url }: IncomingMessage) => url === '/v1/chat/completions'

test.each([
  [
    'maas/smoke',
    'MAAS_API_BASE_URL is not set; export MAAS_API_BASE_URL="http://maas.<cluster domain>/maas-api"',
  ],
  ['llm-server/rpm', 'API_KEY is not set; python scripts/seed_api_key.py, then export API_KEY=…'],
  [
    'api-router/paris',
    'VLLM_BACKEND_URL is not set; kubectl port-forward svc/vllm-service 8000:8000, then export VLLM_BACKEND_URL=http://localhost:8000',
  ],
])('%s without a variable is skipped, with its name', async (scenario, why) => {
  const { code, lines } = await linesOf(scenario, {})
  expect(code).toBe(0)
  expect(lines).toContain(`${scenario}  skipped: ${why}`)
})

test('a model that the catalogue has not', async () => {
  const { code, lines } = await linesOf('maas/request-burst')
  expect(code).toBe(1)
  expect(failedIn(lines)).toEqual([
    '  FAILED  discover: /data[id = {{model}}]/url matches ^https?://  → no entry has id "no-such-model", only "facebook/opt-125m"',
  ])
  expect(heard.some((line) => line.includes('chat'))).toBe(false)
})

test('a token that has expired, before the run and in the middle of it', async () => {
  instead = ({ url }, response) => {
    if (url !== '/maas-api/v1/models' && url !== '/v1/chat/completions') return false
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"expired"}')
    return true
  }
  const before = await linesOf('maas/smoke')
  expect(before.code).toBe(0)
  expect(before.lines).toContain(
    'maas/smoke  skipped: reachable: /data exists, got status 401: {"error":"expired"}; is the Route right? no "-api" in the host, "/maas-api" in the path, and a fresh oc token',
  )
  const within = await linesOf('api-router/paris')
  expect(within.code).toBe(1)
  expect(failedIn(within.lines)).toEqual(
    [1, 2, 3, 4, 5].map(
      (n) => `  FAILED  paris-${n}: status == 200  → status 401: {"error":"expired"}`,
    ),
  )
})

test('a page instead of JSON; what had been made is deleted', async () => {
  instead = ({ method, url }, response) => {
    if (method !== 'POST' || url !== '/api/governance/virtual-keys') return false
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Log in</title>')
    return true
  }
  const { code, lines, place } = await linesOf('bifrost/crud')
  expect(code).toBe(1)
  expect(failedIn(lines)).toEqual([
    '  FAILED  create-virtual-key-key: gives key  → status 200, no JSON but text/html: <title>Log in</title>',
  ])
  expect(place.file('junit.xml')).toMatch(
    /request: curl -X POST .*\/api\/governance\/virtual-keys.* -H .*content-type: application\/json/,
  )
  const deleted = heard.filter((line) => line.startsWith('DELETE'))
  expect(deleted).toEqual([
    expect.stringMatching('/api/governance/teams/'),
    expect.stringMatching('/api/governance/customers/'),
  ])
})

test('a stream that hangs', async () => {
  instead = (request, response) => {
    if (!isChat(request)) return false
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n')
    return true
  }
  const { code, lines } = await linesOf('inference-service/streaming')
  expect(code).toBe(1)
  expect(failedIn(lines)[0]).toBe(
    '  FAILED  stream: stream events >= 2  → no complete answer within 1000 ms',
  )
})

test.each([
  [
    'maas/smoke',
    'is the Route right? no "-api" in the host, "/maas-api" in the path, and a fresh oc token',
  ],
  ['llm-server/health', 'start the stack with: make up, then API_BASE=http://localhost:8000'],
  ['inference-service/smoke', 'start the inference-service before running tests'],
  ['bifrost/crud', 'Server Not Running: Ensure Bifrost server is running on localhost:8080'],
  [
    'api-router/errors',
    'start the router, or say where it is: export API_ROUTER_URL=http://localhost:8080',
  ],
])('%s is skipped where nobody listens, with the remedy', async (scenario, remedy) => {
  await closeAll()
  const { code, lines } = await linesOf(scenario)
  expect(code).toBe(0)
  const [line] = lines.filter((text) => text.startsWith(`${scenario}  skipped: `))
  expect(line).toContain('ECONNREFUSED')
  expect(line!.endsWith(remedy)).toBe(true)
})
