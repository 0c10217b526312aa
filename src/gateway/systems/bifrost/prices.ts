// What models cost at Bifrost's providers, in dollars per token.

import type { Price } from '../../spec.ts'

export const prices: Readonly<Record<string, Price>> = {
  'openai/gpt-3.5-turbo': { promptUsd: 1e-6, completionUsd: 2e-6 },
  'openai/gpt-4o': { promptUsd: 2.5e-6, completionUsd: 10e-6 },
  'openai/gpt-4o-mini': { promptUsd: 0.15e-6, completionUsd: 0.6e-6 },
  'anthropic/claude-3-5-haiku': { promptUsd: 0.8e-6, completionUsd: 4e-6 },
}

export const noPrice: Price = { promptUsd: 0, completionUsd: 0 }
