import { check, defineScenario, step } from 'limitscope'
import { chat, freeUser, maas, needsFree, setupFree } from './system.ts'

const mintFor = (name: string, expiration: string | number) =>
  step.post(name, '/v1/tokens', {
    lane: freeUser,
    body: { expiration },
    status: 400,
    check: [check.json('/error', { lengthAtLeast: 1 })],
  })

export const tokens = defineScenario('maas/tokens', {
  title: 'tokens are JWTs, bad lives are refused, and a revoked token is let in no more',
  system: maas,
  needs: needsFree,
  setup: setupFree,
  steps: [
    mintFor('mint-4hours', '4hours'),
    mintFor('mint-1m', '1m'),
    mintFor('mint-negative', '-5m'),
    step.post('mint-nobody', '/v1/tokens', { body: {}, status: [401, 403] }),
    step.get('keys', '/v1/keys', { lane: freeUser, status: [401, 403, 404] }),
    chat('usage-fields', {
      prompt: 'Say hello.',
      maxTokens: 8,
      check: [
        check.status(200),
        {
          header: 'x-odhu-usage-total-tokens',
          matches: '^\\d+$',
          actual: {
            exists: false,
            note: 'the guide promises x-odhu-usage-* fields; nothing in the repository sends them',
          },
        },
      ],
    }),
    step.delete('revoke', '/v1/tokens', { lane: freeUser, status: [200, 204] }),
    chat('revoked-at-once', {
      prompt: 'Say hello.',
      maxTokens: 1,
      isolate: 'none',
      check: [
        {
          status: [401, 403],
          actual: {
            status: 200,
            note: 'Authorino remembers the review of a token for 600 s, so it goes on for up to ten minutes',
          },
        },
      ],
    }),
    chat('revoked', {
      prompt: 'Say hello.',
      maxTokens: 1,
      status: [401, 403],
      eventually: { within: process.env.MAAS_API_BASE_URL ? '12m' : '20s', every: '1s' },
    }),
  ],
})
