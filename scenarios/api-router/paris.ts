import { check, defineScenario } from 'limitscope'
import { apiRouter, chat, needsBackend, needsRouter } from './system.ts'

/** Asked again and again: a model that answers by chance shows. */
const times = 5

export const paris = defineScenario('api-router/paris', {
  title: 'the capital of France, in one word, every time; with its tokens counted and its way told',
  system: apiRouter,
  needs: [...needsBackend, ...needsRouter],
  steps: Array.from({ length: times }, (_, i) =>
    chat(`paris-${i + 1}`, {
      check: [
        check.status(200),
        check.json('/choices/0/message/content', { contains: 'paris' }),
        check.json('/usage/prompt_tokens', { above: 0 }),
        check.json('/usage/completion_tokens', { above: 0 }),
        check.header('x-routing-backend', { lengthAtLeast: 1 }),
        check.header('x-routing-decision', { oneOf: ['PRIMARY', 'FAILOVER'] }),
        check.time({ below: '{{slowest}}' }),
      ],
      capture: {
        prompt: '/usage/prompt_tokens',
        completion: '/usage/completion_tokens',
        total: '/usage/total_tokens',
      },
    }),
  ),
  expect: ['value(prompt) + value(completion) == value(total)'],
})
