import { check, step } from 'limitscope'
import { api, governance, gpt35, remove, typed, virtualKey } from './system.ts'

const path = '/v1/chat/completions'

/** A call with the value of a key, or with anything in its place. */
function call(name: string, value: string | null, options: { model?: string } = {}) {
  const { model = gpt35 } = options
  return step.post(name, path, {
    headers: value === null ? {} : { 'x-bf-vk': value },
    body: { model, messages: [{ role: 'user', content: 'hi' }], max_tokens: 5 },
  })
}

const only = [{ provider: 'openai', weight: 1, allowed_models: ['gpt-3.5-turbo'] }]

const malformed = [
  ['number', '12345'],
  ['path', '../../etc/passwd'],
  ['sql', "' OR 1=1 --"],
  ['uuid', '00000000-0000-0000-0000-000000000000'],
  ['long', 'x'.repeat(1000)],
] as const

export const authz = governance('bifrost/authz', {
  title: 'missing, malformed, inactive keys, foreign providers and models: each by its own type',
  setup: [virtualKey('key', { provider_configs: only }), virtualKey('idle', { is_active: false })],
  steps: [
    { ...call('without-key', null), check: typed([400, 401], 'virtual_key_required') },
    ...malformed.map(([name, value]) => ({
      ...call(`malformed-${name}`, value),
      check: typed(403, 'virtual_key_not_found'),
    })),
    { ...call('inactive-key', '{{idleValue}}'), check: typed(403, 'virtual_key_blocked') },
    {
      ...call('provider-that-is-not-allowed', '{{keyValue}}', {
        model: 'anthropic/claude-3-5-haiku',
      }),
      check: typed(403, 'provider_blocked'),
    },
    {
      ...call('model-that-is-not-allowed', '{{keyValue}}', { model: 'openai/gpt-4o' }),
      check: typed(403, 'model_blocked'),
    },
    {
      ...call('what-is-allowed', '{{keyValue}}', { model: 'openai/gpt-3.5-turbo' }),
      check: [check.status(200), check.json('/choices/0/message/content', { lengthAtLeast: 1 })],
    },
    step.put('switch-key-off', `${api}/virtual-keys/{{key}}`, { body: { is_active: false } }),
    {
      ...call('key-that-was-switched-off', '{{keyValue}}', { model: 'openai/gpt-3.5-turbo' }),
      check: typed(403, 'virtual_key_blocked'),
    },
  ],
  teardown: [remove('virtual-keys', 'key'), remove('virtual-keys', 'idle')],
})
