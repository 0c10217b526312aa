// Models as a Service (OpenDataHub MaaS behind Kuadrant): what all its scenarios share. The variables
// are those of its own test suite, with the defaults that it has.

import {
  captured,
  check,
  defineSystem,
  env,
  lane,
  needs,
  type StepInput,
  shape,
  step,
} from 'limitscope'

const variable = (name: string, fallback: string) => process.env[name] ?? fallback
const number = (name: string, fallback: number) => Number(process.env[name] ?? fallback)

/** Requests per window that the tiers are allowed, as their RateLimitPolicy has it. */
export const burstFree = number('RATE_LIMIT_BURST_FREE', number('RATE_LIMIT_BURST', 5))
export const burstPremium = number('RATE_LIMIT_BURST_PREMIUM', 20)
const tokensFree = number('TOKEN_LIMIT_FREE', 100)
const tokensPremium = number('TOKEN_LIMIT_PREMIUM', 50_000)

/** How many requests a burst sends: five more than may pass. */
export const burstCount = process.env.RATE_LIMIT_BURST_FREE
  ? burstFree + 5
  : number('GLOBAL_BURST_N', number('N_BURST', burstFree + 5))

/** Pause after each call of a burst, in seconds there. */
export const burstSleep = `${Math.round(number('BURST_SLEEP', 0.05) * 1000)}ms`

const model = variable('MODEL_NAME', 'facebook/opt-125m')

const limits = (requests: number, tokens: number) => ({
  limiters: {
    requests: { limit: requests, window: '2m' },
    tokens: { limit: tokens, window: '1m', charge: 'post' as const },
  },
})

/** The windows of the embedded gateway are seconds, so that nobody waits for minutes. */
const short = {
  ttft: '5ms',
  itl: '0ms',
  knobs: { RATE_LIMIT_WINDOW: '4s', TOKEN_LIMIT_WINDOW: '2s', AUTH_CACHE_TTL: '3s' },
}
const shortWindows = { request_window: '4s', token_window: '2s' }

export const maas = defineSystem('maas', {
  profiles: {
    // As the code behaves, and as its guide says.
    embedded: { target: 'gateway:maas', gateway: short, variables: { model, ...shortWindows } },
    documented: {
      target: 'gateway:maas',
      gateway: { ...short, knobs: { ...short.knobs, AUTH_CACHE_TTL: '0s' }, mode: 'documented' },
      variables: { model, ...shortWindows },
    },
    real: {
      target: {
        url: variable('MAAS_API_BASE_URL', 'http://maas.invalid/maas-api').replace(/\/+$/, ''),
        ...(process.env.INGRESS_CA_PATH && { caPath: process.env.INGRESS_CA_PATH }),
        ...(/^(0|false|no)$/i.test(process.env.REQUESTS_VERIFY ?? '') && { insecure: true }),
      },
      variables: { model, request_window: '2m', token_window: '1m' },
    },
  },
  profile: process.env.MAAS_API_BASE_URL ? 'real' : 'embedded',
  model,
  dialect: 'kuadrant',
  tiers: {
    free: limits(burstFree, tokensFree),
    premium: limits(burstPremium, tokensPremium),
  },
})

/** Who mints: a user of OpenShift, by the token of `oc whoami -t`. */
export const freeUser = lane('free-user', { bearer: env('FREE_OC_TOKEN'), tier: 'free' })
export const premiumUser = lane('premium-user', {
  bearer: env('PREMIUM_OC_TOKEN'),
  tier: 'premium',
})

/** Who asks models: with the token that setup has minted. */
export const free = lane('free', { bearer: captured('free_token'), tier: 'free' })
export const premium = lane('premium', { bearer: captured('premium_token'), tier: 'premium' })

export const needsFree = [
  needs.env('MAAS_API_BASE_URL', {
    remedy: 'export MAAS_API_BASE_URL="http://maas.<cluster domain>/maas-api"',
  }),
  needs.env('FREE_OC_TOKEN', {
    remedy: 'oc login as the user to test, then export FREE_OC_TOKEN="$(oc whoami -t)"',
  }),
  needs.env('MODEL_NAME', {
    remedy: 'pick an id of /v1/models: export MODEL_NAME="<id>"',
  }),
  needs.service(
    step.get('reachable', '/v1/models', {
      lane: freeUser,
      timeout: '15s',
      check: [{ json: '/data', exists: true }],
      remedy:
        'is the Route right? no "-api" in the host, "/maas-api" in the path, and a fresh oc token',
    }),
  ),
]

export const needsPremium = [
  ...needsFree,
  needs.env('PREMIUM_OC_TOKEN', {
    remedy: 'oc login as a Premium user, then export PREMIUM_OC_TOKEN="$(oc whoami -t)"',
  }),
]

/** Mints a short-lived token: at least ten minutes, or the service refuses it. */
export function mint(user: typeof freeUser, into: string): StepInput {
  return step.post(`mint-${into.replace('_token', '')}`, '/v1/tokens', {
    lane: user,
    body: { expiration: '10m' },
    check: [check.status(200, 201), check.json('/token', { jwt: true })],
    capture: { [into]: { json: '/token', secret: true } },
  })
}

/** Where the model is, by its entry in the catalogue. */
export const discover = step.get('discover', '/v1/models', {
  lane: freeUser,
  check: [check.json('/data', { where: { id: '{{model}}' }, take: '/url', matches: '^https?://' })],
  capture: { model_url: { json: '/data', where: { id: '{{model}}' }, take: '/url' } },
})

export const setupFree = [mint(freeUser, 'free_token'), discover]
export const setupPremium = [...setupFree, mint(premiumUser, 'premium_token')]

/** MODEL_URL, as the guide has it: with its path, perhaps without a scheme. */
const modelUrl = process.env.MODEL_URL?.replace(/^(?!https?:)/, 'http://')

const path = modelUrl ?? '{{model_url}}/v1/chat/completions'

/** Many of these meet the request limiter long before the token limiter. */
export const cheap = shape.chat('cheap', {
  path,
  promptTokens: 1,
  outputTokensMax: number('TOKENS_PER_CALL_SMALL', 16),
  extra: { temperature: 0 },
})

/** A few of these meet the token limiter long before the request limiter. */
export const expensive = shape.chat('expensive', {
  path,
  promptTokens: 64,
  outputTokensMax: number('TOKENS_PER_CALL_LARGE', 1200),
  extra: { temperature: 0 },
})

/** Five of these spend what premium may have, as the token test of the suite reckons. */
export const expensivePremium = shape.chat('expensive-premium', {
  path,
  promptTokens: 64,
  outputTokensMax: Math.floor(tokensPremium / Math.min(burstPremium - 1, 5)) + 64,
  extra: { temperature: 0 },
})

/** A chat to look at as a whole, on clean windows; the limiters count it like any other. */
export function chat(name: string, options: ChatOptions): StepInput {
  const { prompt, maxTokens, more = {}, ...others } = options
  return step.post(name, path, {
    lane: free,
    timeout: '90s',
    isolate: 'window',
    cost: { promptTokens: 16, outputTokens: maxTokens },
    body: {
      model: '{{model}}',
      messages: [{ role: 'user', content: prompt }],
      max_tokens: maxTokens,
      temperature: 0,
      ...more,
    },
    ...others,
  })
}

type ChatOptions = Omit<StepInput, 'name' | 'path' | 'body'> & {
  readonly prompt: string
  readonly maxTokens: number
  /** More fields of the body. */
  readonly more?: Readonly<Record<string, unknown>>
}
