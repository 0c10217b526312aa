import { check, defineScenario, needs } from 'limitscope'
import { chat, maas, needsFree, setupFree } from './system.ts'

export const streaming = defineScenario('maas/streaming', {
  title: 'a streamed chat: event stream, JSON frames, text, and [DONE] at the end',
  system: maas,
  needs: [
    ...needsFree,
    needs.env('STREAMING_ENABLED', { remedy: 'export STREAMING_ENABLED=true' }),
  ],
  setup: setupFree,
  steps: [
    chat('stream', {
      prompt: 'Write one short sentence about the sea.',
      maxTokens: 20,
      more: { stream: true, stream_options: { include_usage: true } },
      check: [
        check.status(200),
        check.header('content-type', { contains: 'text/event-stream' }),
        check.stream('events', { atLeast: 2 }),
        check.stream('badEvents', { equals: 0 }),
        check.stream('errors', { equals: 0 }),
        check.stream('text', { lengthAtLeast: 5 }),
        check.stream('last', { equals: '[DONE]' }),
        check.stream('firstToken', { below: '30s' }),
      ],
    }),
  ],
})
