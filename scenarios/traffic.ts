// What the scenarios share: two request shapes and two identities. The environment variables are
// those of the MaaS test pack, so that its users find their knobs.

import { env, lane, shape } from 'limitscope'

const number = (name: string, fallback: number) => Number(process.env[name] ?? fallback)

/** Many of these meet a request limiter long before a token limiter. */
export const cheap = shape.chat('cheap', {
  promptTokens: 8,
  outputTokensMax: number('TOKENS_PER_CALL_SMALL', 16),
})

/** A few of these meet a token limiter long before a request limiter. */
export const expensive = shape.chat('expensive', {
  promptTokens: 200,
  outputTokensMax: number('TOKENS_PER_CALL_LARGE', 1200),
  stream: true,
})

export const free = lane('free', { bearer: env('FREE_OC_TOKEN'), tier: 'free' })
export const premium = lane('premium', { bearer: env('PREMIUM_OC_TOKEN'), tier: 'premium' })

/** Pause between sequential calls; in seconds, as the test pack has it. */
export const pause = `${Math.round(number('BURST_SLEEP', 0.05) * 1000)}ms`
