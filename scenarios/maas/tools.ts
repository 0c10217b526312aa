import { check, defineScenario, needs } from 'limitscope'
import { chat, maas, needsFree, setupFree } from './system.ts'

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
  },
}

const call = '/choices/0/message/tool_calls/0'

export const tools = defineScenario('maas/tools', {
  title: 'tool calls, forced and by the choice of the model',
  system: maas,
  needs: [
    ...needsFree,
    needs.env('TOOL_CALLING_ENABLED', {
      remedy:
        'deploy a model with --enable-auto-tool-choice, then export TOOL_CALLING_ENABLED=true',
    }),
  ],
  setup: setupFree,
  steps: [
    chat('forced', {
      prompt: 'What is the weather in Paris?',
      maxTokens: 128,
      more: {
        tools: [weather],
        tool_choice: { type: 'function', function: { name: 'get_weather' } },
      },
      check: [
        check.status(200),
        check.json(`${call}/function/name`, { equals: 'get_weather' }),
        check.json(`${call}/function/arguments`, { contains: '{' }),
      ],
    }),
    chat('auto', {
      prompt: 'What is the weather in Paris? Use the tool.',
      maxTokens: 384,
      more: { tools: [weather], tool_choice: 'auto' },
      check: [check.status(200), check.json('/choices/0/message/tool_calls', { lengthAtLeast: 1 })],
    }),
  ],
})
