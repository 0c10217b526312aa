import { check, defineScenario, env, lane, step } from 'limitscope'
import { detail, llmServer, needsServer } from './system.ts'

const stranger = lane('stranger', {
  apiKey: env('WRONG_API_KEY', 'no-such-key'),
  embeddedKey: 'no-such-key',
})

const refused = (code: string) => [
  check.status(401),
  check.json(`${detail}/code`, { equals: code }),
]

export const auth = defineScenario('llm-server/auth', {
  title: 'no key and wrong keys are refused, each with its code',
  system: llmServer,
  needs: needsServer,
  steps: [
    step.post('no-key', '/v1/generate', {
      body: { prompt: 'x' },
      check: refused('missing_api_key'),
    }),
    step.post('wrong-key', '/v1/generate', {
      lane: stranger,
      body: { prompt: 'x' },
      check: refused('invalid_api_key'),
    }),
  ],
})
