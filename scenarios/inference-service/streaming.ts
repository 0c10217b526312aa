import { burst, check, defineScenario, shape, untilRequests } from 'limitscope'
import {
  caller,
  chat,
  generator,
  inference,
  modelsLoaded,
  serviceRunning,
  streamTimeout,
} from './system.ts'

const streamed = shape.chat('streamed', { promptTokens: 10, outputTokensMax: 20, stream: true })

/** 200 and [DONE] are no proof: streams of errors have them, too. */
const wellFormed = [
  check.status(200),
  check.header('content-type', { contains: 'text/event-stream' }),
  check.stream('events', { atLeast: 2 }),
  check.stream('badEvents', { equals: 0 }),
  check.stream('errors', { equals: 0 }),
  check.stream('text', { lengthAtLeast: 1 }),
  check.stream('end', { matches: 'data: \\[DONE\\]\\n\\n$' }),
  check.stream('firstToken', { below: '30s' }),
]

export const streaming = defineScenario('inference-service/streaming', {
  title: 'streams are events of JSON and end with data: [DONE], three at a time, too',
  system: inference,
  needs: [serviceRunning, modelsLoaded],
  lanes: [caller],
  mix: [streamed],
  arrivals: burst(3, { every: '1s', count: 1 }),
  until: untilRequests(3),
  timeout: streamTimeout,
  steps: [
    { ...chat('stream', generator, { stream: true }), timeout: streamTimeout, check: wellFormed },
    {
      ...chat('stream-of-model-that-is-not-loaded', 'no-such-model', { stream: true }),
      check: [
        {
          status: [400, 404],
          actual: { status: [200], note: 'the error comes after the head of the stream has left' },
        },
      ],
    },
  ],
  expect: ['count(ok) == 3', 'max(ttft) < 30s'],
})
