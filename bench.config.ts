import { defineConfig } from 'limitscope'

// Runs against the embedded gateway, or against TARGET: `TARGET=https://… npx limitscope run`.
// The scenarios are the files in scenarios/.

/** Limits of a real target, as far as the environment tells them; the embedded one tells its own. */
function declared(tier: 'FREE' | 'PREMIUM') {
  const requests = process.env[`RATE_LIMIT_BURST_${tier}`]
  const tokens = process.env[`TOKEN_LIMIT_${tier}`]
  return {
    ...(requests && { requests: { limit: Number(requests), window: '2m' } }),
    ...(tokens && { tokens: { limit: Number(tokens), window: '1m', charge: 'post' as const } }),
  }
}

export default defineConfig({
  target: process.env.TARGET ?? 'gateway:kuadrant',
  seed: 7,
  model: process.env.MODEL_NAME ?? 'limitscope-small',
  tiers: {
    free: { limiters: declared('FREE') },
    premium: { limiters: declared('PREMIUM') },
  },
})
