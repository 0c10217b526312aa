import {
  burst,
  check,
  defineScenario,
  defineSystem,
  lane,
  needs,
  shape,
  step,
  untilRequests,
} from 'limitscope'

const base = process.env.LLM_GATEWAY_URL ?? 'http://localhost:8080'

/** A model of inference-service, as the gateway knows it. */
const model = 'inference:qwen2.5-7b'

/** The llm-gateway in front of inference-service: a target of its own. */
const gateway = defineSystem('llm-gateway', {
  profiles: {
    embedded: { target: 'gateway:llm-gateway' },
    documented: { target: 'gateway:llm-gateway', gateway: { mode: 'documented' } },
    real: { target: base },
  },
  dialect: 'llm-gateway',
  model,
})

const gatewayRunning = needs.service(
  step.get('health', '/health', {
    status: 200,
    remedy: `LLM Gateway not available at ${base}; start llm-gateway if testing gateway integration`,
  }),
)

const caller = lane('gateway-caller')

export const throughGateway = defineScenario('llm-gateway/chat', {
  title:
    'a model is asked through the gateway by its prefix; unknown ones are failures of providers',
  system: gateway,
  needs: [gatewayRunning],
  steps: [
    step.post('chat', '/v1/chat/completions', {
      lane: caller,
      // Its rate limiter, where it is on, has ten requests per address for everything.
      isolate: 'window',
      cost: { promptTokens: 4, outputTokens: 50 },
      body: {
        model,
        messages: [{ role: 'user', content: 'Hello, respond briefly.' }],
        max_tokens: 50,
      },
      check: [
        check.status(200),
        check.json('/choices/0/message/content', { lengthAtLeast: 1 }),
        check.json('/usage/total_tokens', { above: 0 }),
        check.header('x-active-requests', { exists: true }),
      ],
    }),
    step.post('unknown-provider', '/v1/chat/completions', {
      body: { model: 'nobody:x', messages: [{ role: 'user', content: 'hi' }] },
      status: [400, 404, 502],
    }),
  ],
})

const slow = shape.chat('slow', { promptTokens: 8, outputTokensMax: 200 })

/** Its default is 50 requests in flight. */
export const backpressure = defineScenario('llm-gateway/backpressure', {
  title: 'sixty at once: fifty are served, the others are told to come back in five seconds',
  system: gateway,
  needs: [gatewayRunning],
  lanes: [caller],
  mix: [slow],
  arrivals: burst(60, { every: '1s', count: 1 }),
  until: untilRequests(60),
  expect: ['count(ok) + count(limited) == 60', 'count(limited) >= 1', 'count(failed) == 0'],
})
