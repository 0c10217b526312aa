// Tokens of calls, drawn from a source by the number of the call.

import { normalAt, randomStream, uniformAt } from '../../core/random.ts'
import type { CallTokens, TokenSource } from './spec.ts'

/** Draws the tokens of call `i`; `factor` scales them all. */
export function tokenDraws(
  source: TokenSource,
  seed: number,
  factor: number,
): (i: number) => CallTokens {
  if (source.kind === 'sample') {
    const stream = randomStream(seed, 'tokens')
    return (i) => {
      const call = source.calls[Math.floor(uniformAt(stream, i) * source.calls.length)]!
      return scaled(call.promptTokens, call.completionTokens, factor)
    }
  }
  const prompt = logNormal(source.promptMean, source.promptCv, seed, 'prompt')
  const completion = logNormal(source.completionMean, source.completionCv, seed, 'completion')
  return (i) => scaled(prompt(i), completion(i), factor)
}

/** Means of a call's tokens, and the standard deviation of all of them and of its prompt. */
export interface TokenMoments {
  readonly promptMean: number
  readonly completionMean: number
  readonly promptSd: number
  readonly sd: number
}

export function tokenMoments(source: TokenSource): TokenMoments {
  if (source.kind === 'log-normal') {
    const { promptMean, promptCv, completionMean, completionCv } = source
    const promptSd = promptMean * promptCv
    return {
      promptMean,
      completionMean,
      promptSd,
      sd: Math.hypot(promptSd, completionMean * completionCv),
    }
  }
  const prompt = momentsOf(source.calls.map(({ promptTokens }) => promptTokens))
  const completion = momentsOf(source.calls.map(({ completionTokens }) => completionTokens))
  const all = momentsOf(source.calls.map((call) => call.promptTokens + call.completionTokens))
  return {
    promptMean: prompt.mean,
    completionMean: completion.mean,
    promptSd: prompt.sd,
    sd: all.sd,
  }
}

function momentsOf(values: readonly number[]): { mean: number; sd: number } {
  const n = Math.max(1, values.length)
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, sd: Math.sqrt(squares / Math.max(1, n - 1)) }
}

function scaled(prompt: number, completion: number, factor: number): CallTokens {
  return {
    promptTokens: Math.max(1, Math.round(prompt * factor)),
    completionTokens: Math.max(1, Math.round(completion * factor)),
  }
}

// A log-normal variate of this mean and coefficient of variation: σ² = ln(1 + cv²), μ = ln m − σ²/2.
function logNormal(mean: number, cv: number, seed: number, name: string): (i: number) => number {
  const sigma = Math.sqrt(Math.log1p(cv ** 2))
  const stream = randomStream(seed, name)
  return (i) => mean * Math.exp(sigma * normalAt(stream, i) - sigma ** 2 / 2)
}
