import { defineScenario, shape, spaced, untilRequests } from 'limitscope'
import { premium } from './traffic.ts'

const streamed = shape.chat('streamed', { promptTokens: 50, outputTokensMax: 200, stream: true })

export const streaming = defineScenario('streaming', {
  title: 'streamed answers: time to first token, time per token, usage in the last chunk',
  lanes: [premium],
  isolate: 'window',
  mix: [streamed],
  arrivals: spaced('20ms', { concurrency: 2 }),
  until: untilRequests(30),
  expect: ['share(ok) == 100%', 'p50(ttft) < 2s', 'p50(itl) < 500ms'],
})
