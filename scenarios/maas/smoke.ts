import { check, defineScenario, step } from 'limitscope'
import { chat, free, freeUser, maas, needsFree, setupFree } from './system.ts'

export const smoke = defineScenario('maas/smoke', {
  title:
    'a token is minted, the model is in the catalogue, and a chat works at the URL found there',
  system: maas,
  needs: needsFree,
  setup: setupFree,
  steps: [
    step.get('models', '/v1/models', {
      lane: freeUser,
      check: [
        check.json('/object', { equals: 'list' }),
        check.json('/data', { where: { id: '{{model}}' }, take: '/id', equals: '{{model}}' }),
      ],
    }),
    step.get('models-minted', '/v1/models', { lane: free, status: 200 }),
    chat('chat', {
      prompt: 'Say hello.',
      maxTokens: 16,
      check: [
        check.status(200),
        check.json('/choices/0/message/content', { lengthAtLeast: 1 }),
        check.json('/usage/total_tokens', { above: 0 }),
      ],
    }),
  ],
})
