import { capture, check, defineScenario, shape, spaced, step, untilRequests } from 'limitscope'
import { detail, generate, llmServer, needsKey, user } from './system.ts'

const prompt = 'Tell me about the sea. {{run}}'

const isCached = (name: string, equals: boolean, more: Readonly<Record<string, unknown>> = {}) =>
  generate(name, {
    isolate: 'none',
    body: { prompt, max_new_tokens: 8, temperature: 0.5, ...more },
    check: [check.status(200), check.json('/cached', { equals })],
  })

export const cache = defineScenario('llm-server/cache', {
  title: 'the same model, prompt and parameters come from the cache; other parameters do not',
  system: llmServer,
  needs: needsKey,
  setup: [
    generate('first', { body: { prompt, max_new_tokens: 8, temperature: 0.5 }, status: 200 }),
  ],
  steps: [
    isCached('again', true),
    isCached('other-temperature', false, { temperature: 0.6 }),
    isCached('other-length', false, { max_new_tokens: 9 }),
    isCached('and-again', true),
  ],
})

/** As short as a generation can be: what is left is whether there was one. */
const oneToken = (name: string, text: string) =>
  shape.raw(name, {
    path: '/v1/generate',
    promptTokens: 8,
    body: { prompt: text, max_new_tokens: 1 },
  })

/** Enough of each for a mean that one slow answer does not turn. */
const few = { arrivals: spaced('5ms'), until: untilRequests(15) }

export const cacheSpeed = defineScenario('llm-server/cache-speed', {
  title: 'completions from the cache are quicker than generations',
  system: llmServer,
  needs: needsKey,
  lanes: [user],
  setup: [
    generate('first', {
      body: { prompt: 'Say one word. {{run}}', max_new_tokens: 1 },
      status: 200,
    }),
  ],
  phases: [
    { name: 'misses', isolate: 'window', mix: [oneToken('misses', '{{prompt}}')], ...few },
    { name: 'hits', mix: [oneToken('hits', 'Say one word. {{run}}')], ...few },
  ],
  expect: ['share(ok) == 100%', 'mean(service){shape=hits} < 0.5 * mean(service){shape=misses}'],
})

const used = (when: string) =>
  step.get(`usage-${when}`, '/v1/me/usage', {
    lane: user,
    cost: {},
    capture: { [`requests_${when}`]: capture.json('/total_requests') },
  })

export const batch = defineScenario('llm-server/batch', {
  title: 'a batch is one request for limits and quota, however many prompts it has',
  system: llmServer,
  needs: needsKey,
  setup: [{ ...used('before'), isolate: 'window' }],
  steps: [
    step.post('eight', '/v1/generate/batch', {
      lane: user,
      cost: {},
      timeout: '60s',
      body: { prompts: Array.from({ length: 8 }, (_, i) => `Say ${i}.`), max_new_tokens: 2 },
      check: [check.status(200), check.json('/results', { lengthAtLeast: 8 })],
    }),
    used('after'),
  ],
  // The batch itself, and looking at the use.
  expect: ['value(requests_after) - value(requests_before) <= 2'],
})

const wrong = (name: string, body: Readonly<Record<string, unknown>>, status = 422) =>
  generate(name, { isolate: 'none', body, status })

export const schema = defineScenario('llm-server/generate', {
  title: 'the form of a generation, of a batch and of a stream; and what is refused',
  system: llmServer,
  needs: needsKey,
  steps: [
    generate('one', {
      body: { prompt: 'Say hello.', max_new_tokens: 8 },
      check: [
        check.status(200),
        check.json('/model', { lengthAtLeast: 1 }),
        check.json('/output', { lengthAtLeast: 1 }),
        check.json('/cached', { oneOf: [true, false] }),
      ],
    }),
    step.post('batch', '/v1/generate/batch', {
      lane: user,
      cost: {},
      body: { prompts: ['Say one.', 'Say two.'], max_new_tokens: 4 },
      check: [
        check.status(200),
        check.json('/results', { lengthAtLeast: 2 }),
        check.json('/results/1/output', { lengthAtLeast: 1 }),
      ],
    }),
    step.post('stream', '/v1/stream', {
      lane: user,
      cost: {},
      body: { prompt: 'Say three.', max_new_tokens: 8 },
      check: [
        check.status(200),
        check.header('content-type', { contains: 'text/event-stream' }),
        check.stream('text', { lengthAtLeast: 1 }),
        check.stream('end', { matches: 'data: \\[DONE\\]\\n\\n$' }),
      ],
    }),
    wrong('no-prompt', {}),
    wrong('prompt-is-a-number', { prompt: 7 }),
    wrong('length-is-a-word', { prompt: 'x', max_new_tokens: 'many' }),
    wrong('stop-is-a-number', { prompt: 'x', stop: 7 }),
    wrong('temperature-is-a-word', { prompt: 'x', temperature: 'warm' }),
    wrong('top-p-is-a-word', { prompt: 'x', top_p: 'most' }),
    wrong('top-k-is-a-fraction', { prompt: 'x', top_k: 1.5 }),
    generate('out-of-range', {
      isolate: 'none',
      body: { prompt: 'x', temperature: -5 },
      check: [
        {
          status: 422,
          actual: {
            status: 200,
            note: 'only the types of parameters are checked, not their ranges',
          },
        },
      ],
    }),
    generate('no-such-model', {
      isolate: 'none',
      body: { prompt: 'x', model: 'no-such-model' },
      check: [
        check.status(400, 404),
        check.json(detail === '' ? '/code' : detail, { exists: true }),
      ],
    }),
  ],
})
