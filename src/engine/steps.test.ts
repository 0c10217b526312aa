import { expect, test } from 'vitest'
import type { InProcessServer } from '../drivers/inProcess.ts'
import type { Plan, Scenario } from '../load/plan.ts'
import type { Place, Step, StepCheck, Test } from '../load/steps.ts'
import { laneNamed, phase, plan, scenario, simulate } from '../testing/simulate.ts'

interface Heard {
  readonly line: string
  readonly authorization: string | undefined
  readonly body: string
}

/** A server that mints a token, lists models and remembers what it was asked. */
function mintingServer(heard: Heard[] = []): InProcessServer {
  let asked = 0
  return {
    handle({ method, path, headers, body }, reply) {
      heard.push({ line: `${method} ${path}`, authorization: headers.authorization, body })
      const json = (status: number, value: unknown) => {
        reply.head(status, { 'content-type': 'application/json', etag: 'e1' })
        reply.end(JSON.stringify(value))
      }
      if (path === '/v1/tokens' && method === 'POST') return json(201, { token: jwt, n: 7 })
      if (path === '/v1/tokens') return json(204, {})
      if (path === '/v1/models') {
        const url = 'http://in-process/llm/b'
        return json(200, { data: [{ id: 'a' }, { id: 'b', url }] })
      }
      if (path === '/slow') return json(asked++ < 3 ? 503 : 200, {})
      if (path === '/page') {
        reply.head(200, { 'content-type': 'text/html' })
        return reply.end('<!doctype html><title>Login</title>')
      }
      if (path === '/hang') return
      if (path === '/stream') {
        reply.head(200, { 'content-type': 'text/event-stream' })
        const frame = (text: string) => `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`
        return reply.end(`${frame('Hel')}${frame('lo!')}data: [DONE]\n\n`)
      }
      json(200, { choices: [{ message: { content: 'In PARIS.' } }], usage: { total_tokens: 9 } })
    },
  }
}

const jwt = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.e30.c2ln`

function step(name: string, path: string, changes: Partial<Step> = {}): Step {
  return {
    name,
    method: 'GET',
    path,
    lane: null,
    headers: {},
    body: null,
    timeoutUs: 5e6,
    checks: [],
    captures: [],
    eventually: null,
    isolate: 'none',
    cost: null,
    remedy: '',
    ...changes,
  }
}

const json = (pointer: string, more: Partial<Extract<Place, { kind: 'json' }>> = {}): Place => ({
  kind: 'json',
  pointer,
  where: null,
  take: '',
  ...more,
})

const checkOf = (place: Place, ...tests: Test[]): StepCheck => ({ place, tests, actual: null })

const mint = step('mint', '/v1/tokens', {
  method: 'POST',
  checks: [
    checkOf({ kind: 'status' }, { is: 'below', value: 400 }),
    checkOf(json('/token'), { is: 'jwt', value: true }),
  ],
  captures: [{ name: 'token', place: json('/token'), isSecret: false }],
})

const revoke = step('revoke', '/v1/tokens', {
  method: 'DELETE',
  headers: { 'x-token': '{{token}}' },
})

async function run(
  changes: Partial<Scenario>,
  server: InProcessServer = mintingServer(),
  more: Partial<Plan> = {},
) {
  const one = { ...scenario('one'), ...changes }
  const done = await simulate({ plan: plan({ scenarios: [one], ...more }), server })
  return { ...done, outcome: done.result.scenarios[0]! }
}

const verdicts = (checks: readonly { statement: string; verdict: string }[]) =>
  checks.map(({ statement, verdict }) => `${verdict} ${statement}`)

test('what setup captures is sent by lanes, steps and shapes, and is no part of the results', async () => {
  const heard: Heard[] = []
  const user = { ...laneNamed('user'), credential: { from: 'capture', name: 'token' } as const }
  const models = step('models', '/v1/models', {
    lane: 'user',
    captures: [
      { name: 'url', place: json('/data', { where: { id: 'b' }, take: '/url' }), isSecret: false },
    ],
  })
  const [cheap] = plan({}).shapes
  const { outcome, records, events } = await run(
    {
      setup: [mint, models],
      phases: [phase({ lanes: ['user'], until: [{ kind: 'requests', count: 2 }] })],
      teardown: [revoke],
    },
    mintingServer(heard),
    { lanes: [user], shapes: [{ ...cheap!, path: '{{url}}/v1/chat/completions' }] },
  )
  expect(heard.map(({ line }) => line)).toEqual([
    'POST /v1/tokens',
    'GET /v1/models',
    'POST /llm/b/v1/chat/completions',
    'POST /llm/b/v1/chat/completions',
    'DELETE /v1/tokens',
  ])
  expect(heard.slice(1, 4).map(({ authorization }) => authorization)).toEqual(
    Array.from({ length: 3 }, () => `Bearer ${jwt}`),
  )
  expect(records.map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
  expect(outcome.values).toEqual({ url: 'http://in-process/llm/b' })
  expect(verdicts(outcome.checks)).toEqual([
    'passed mint: status < 400',
    'passed mint: /token is a JWT',
    'passed models: status < 400',
    'passed revoke: status < 400',
  ])
  expect(JSON.stringify([outcome, events])).not.toContain(jwt)
})

test('a setup step that fails ends the scenario, but not its teardown', async () => {
  const heard: Heard[] = []
  const list = step('list', '/v1/models', {
    checks: [checkOf(json('/data', { where: { id: 'z' } }), { is: 'exists', value: true })],
  })
  const { outcome, records } = await run(
    { setup: [mint, list], phases: [phase({})], steps: [step('after', '/x')], teardown: [revoke] },
    mintingServer(heard),
  )
  expect(records).toEqual([])
  expect(outcome.broken).toBe('step list failed')
  expect(outcome.checks.map(({ verdict }) => verdict)).toEqual([
    'passed',
    'passed',
    'failed',
    'inconclusive',
    'passed',
  ])
  expect(outcome.checks[2]).toMatchObject({
    statement: 'list: /data[id = z] exists',
    actual: 'no entry has id "z", only "a", "b"',
  })
  expect(heard.at(-1)!.line).toBe('DELETE /v1/tokens')
})

test('what was never set up is not taken down', async () => {
  const heard: Heard[] = []
  await run(
    {
      setup: [
        step('early', '/page', {
          checks: [checkOf({ kind: 'status' }, { is: 'equals', value: 201 })],
        }),
        mint,
      ],
      teardown: [revoke],
    },
    mintingServer(heard),
  )
  expect(heard.map(({ line }) => line)).toEqual(['GET /page'])
})

test('an interrupted run still takes down what it set up', async () => {
  const heard: Heard[] = []
  const long = phase({ until: [{ kind: 'duration', us: 60e6 }] })
  const done = await simulate({
    plan: plan({ scenarios: [{ ...scenario('one', long), setup: [mint], teardown: [revoke] }] }),
    server: mintingServer(heard),
    at: [{ us: 1e6, run: (engine) => engine.stop() }],
  })
  expect(done.result.reason).toBe('interrupted')
  expect(heard.at(-1)!.line).toBe('DELETE /v1/tokens')
})

test('a scenario whose needs are not met is skipped with the remedy', async () => {
  const need = step('ready', '/page', {
    checks: [checkOf(json('/status'), { is: 'equals', value: 'ready' })],
    remedy: 'start it: make up',
  })
  const { outcome, records } = await run({ needs: [need], phases: [phase({})] })
  expect(records).toEqual([])
  expect(outcome.skipped).toBe(
    'ready: /status == ready, got status 200, no JSON but text/html: <!doctype html><title>Login</title>; start it: make up',
  )
})

test('an eventual check asks again until it holds', async () => {
  const patient = step('slow', '/slow', {
    checks: [checkOf({ kind: 'status' }, { is: 'equals', value: 200 })],
    eventually: { withinUs: 60e6, everyUs: 2e6 },
  })
  const { outcome } = await run({ steps: [patient] })
  expect(outcome.checks).toEqual([
    {
      statement: 'slow: status == 200',
      verdict: 'passed',
      actual: '200 after 4 tries in 6 s',
      reason: '',
    },
  ])
  const hasty = { ...patient, eventually: { withinUs: 3e6, everyUs: 2e6 } }
  const other = await run({ steps: [hasty] })
  expect(other.outcome.checks[0]).toMatchObject({ verdict: 'failed' })
})

test('checks look at JSON, headers, bodies, JWTs, streams and times', async () => {
  const steps = [
    step('chat', '/v1/chat/completions', {
      checks: [
        checkOf(json('/choices/0/message/content'), { is: 'contains', value: 'paris' }),
        checkOf(json('/usage/total_tokens'), { is: 'above', value: 0 }),
        checkOf({ kind: 'header', name: 'etag' }, { is: 'matches', value: '^e\\d$' }),
        checkOf({ kind: 'time' }, { is: 'below', value: 1e6 }),
        checkOf(json('/choices'), { is: 'lengthAtLeast', value: 2 }),
      ],
    }),
    step('mint', '/v1/tokens', {
      method: 'POST',
      checks: [
        checkOf(json('/token'), { is: 'jwt', value: true }),
        checkOf(json('/n'), { is: 'jwt', value: false }),
      ],
    }),
    step('stream', '/stream', {
      checks: [
        checkOf({ kind: 'stream', part: 'text' }, { is: 'equals', value: 'Hello!' }),
        checkOf(
          { kind: 'stream', part: 'end' },
          { is: 'matches', value: 'data: \\[DONE\\]\\n\\n$' },
        ),
        checkOf({ kind: 'stream', part: 'badEvents' }, { is: 'equals', value: 0 }),
      ],
    }),
  ]
  const { outcome } = await run({ steps })
  expect(outcome.checks.filter(({ verdict }) => verdict !== 'passed')).toEqual([
    {
      request: "curl -X GET 'http://in-process/v1/chat/completions'",
      statement: 'chat: /choices has a length >= 2',
      verdict: 'failed',
      actual: expect.stringContaining('[{"message"'),
      reason: '',
    },
  ])
})

test('an answer that never comes is one clear line', async () => {
  const { outcome } = await run({ steps: [step('hang', '/hang'), step('chat', '/chat')] })
  expect(outcome.checks[0]).toMatchObject({
    verdict: 'failed',
    actual: 'no complete answer within 5000 ms',
  })
  expect(outcome.checks[1]!.verdict).toBe('passed')
})

test('what is known to differ from the document is told apart from what is wrong', async () => {
  const documented: StepCheck = {
    place: { kind: 'status' },
    tests: [{ is: 'equals', value: 200 }],
    actual: { tests: [{ is: 'equals', value: 201 }], note: 'the handler answers 201' },
  }
  const { outcome } = await run({
    steps: [
      step('mint', '/v1/tokens', { method: 'POST', checks: [documented] }),
      step('slow', '/slow', { checks: [documented] }),
    ],
  })
  expect(outcome.checks.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ['known', 'the handler answers 201'],
    ['failed', ''],
  ])
})

test('probes go on beside the load, and one answer that is wrong shows', async () => {
  const health = step('slow', '/slow', {
    checks: [checkOf({ kind: 'status' }, { is: 'equals', value: 200 })],
  })
  const { outcome } = await run({
    phases: [phase({ until: [{ kind: 'duration', us: 10.5e6 }] })],
    probes: [{ step: health, everyUs: 1e6 }],
  })
  expect(outcome.checks).toEqual([
    {
      request: "curl -X GET 'http://in-process/slow'",
      statement: 'slow: status == 200',
      verdict: 'failed',
      actual: '8 of 11 probes; status 503: {}',
      reason: '',
    },
  ])
})

test('a variable of JSON bodies keeps its type and is escaped', async () => {
  const heard: Heard[] = []
  await run(
    {
      setup: [{ ...mint, captures: [{ name: 'n', place: json('/n'), isSecret: false }] }],
      steps: [step('use', '/use', { method: 'POST', body: '{"n":"{{n}}","text":"is {{q}}"}' })],
    },
    mintingServer(heard),
    { variables: { q: '"quoted"' } },
  )
  expect(JSON.parse(heard.at(-1)!.body)).toEqual({ n: 7, text: 'is "quoted"' })
})

test('an answer does not choose the host that load goes to', async () => {
  const evil: InProcessServer = {
    handle(_request, reply) {
      reply.head(200, { 'content-type': 'application/json' })
      reply.end('{"url":"http://elsewhere.example/llm"}')
    },
  }
  const [cheap] = plan({}).shapes
  const discover = step('discover', '/models', {
    captures: [{ name: 'url', place: json('/url'), isSecret: false }],
  })
  const { outcome, records } = await run(
    { setup: [discover], phases: [phase({})], steps: [step('chat', '{{url}}/chat')] },
    evil,
    { shapes: [{ ...cheap!, path: '{{url}}/v1/chat/completions' }] },
  )
  expect(records).toEqual([])
  expect(outcome.broken).toBe(
    "'http://elsewhere.example/llm/v1/chat/completions' leads to a host that the plan does not name",
  )
})
