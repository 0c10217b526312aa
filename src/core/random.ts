// Seeded randomness as pure functions of (stream, i), so that any part of a run can be replayed.

/** A named stream of one seed; two streams of a seed are independent of each other. */
export interface RandomStream {
  readonly high: number
  readonly low: number
}

/** The stream called `name` under `seed`. */
export function randomStream(seed: number, name: string): RandomStream {
  let high = mix(seed >>> 0) ^ mix(Math.floor(seed / 2 ** 32) >>> 0)
  let low = mix(high ^ 0x9e3779b9)
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    high = mix(high ^ code)
    low = mix((low + Math.imul(code, 0x85ebca6b)) >>> 0)
  }
  return { high: high >>> 0, low: low >>> 0 }
}

/** The i-th number of the stream, uniform in [0, 1) with 53 random bits. */
export function uniformAt(stream: RandomStream, i: number): number {
  const carry = Math.floor(i / 2 ** 32) >>> 0
  const a = mix(mix((i >>> 0) ^ stream.high) ^ (stream.low + carry))
  const b = mix(a ^ mix((i >>> 0) + stream.low) ^ 0x68bc21eb)
  return ((a >>> 5) * 67108864 + (b >>> 6)) / 9007199254740992
}

/** The i-th exponential variate with mean 1. */
export function exponentialAt(stream: RandomStream, i: number): number {
  return -Math.log1p(-uniformAt(stream, i))
}

/** The i-th standard normal variate (Box-Muller). */
export function normalAt(stream: RandomStream, i: number): number {
  const radius = Math.sqrt(2 * exponentialAt(stream, 2 * i))
  return radius * Math.cos(2 * Math.PI * uniformAt(stream, 2 * i + 1))
}

/** Most proposals a gamma variate may take; each is accepted with a chance above 95 %. */
const gammaTries = 64

/**
 * The i-th gamma variate with the given shape and mean 1 (Marsaglia and Tsang 2000; shapes below 1
 * through the boost of their section 6).
 */
export function gammaAt(stream: RandomStream, i: number, shape: number): number {
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  const firstBlock = i * gammaTries
  const boost = shape < 1 ? (1 - uniformAt(stream, 4 * firstBlock + 3)) ** (1 / shape) : 1
  // Each proposal has a block of four uniforms: two for the normal, one for the test, one spare.
  for (let block = firstBlock; block < firstBlock + gammaTries; block++) {
    const x = normalAt(stream, 2 * block)
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    const u = 1 - uniformAt(stream, 4 * block + 2)
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (boost * d * v) / shape
  }
  return boost
}

// lowbias32 by Ellis (hash prospector): a 32-bit bijection with low avalanche bias.
function mix(x: number): number {
  let y = x >>> 0
  y = Math.imul(y ^ (y >>> 16), 0x7feb352d)
  y = Math.imul(y ^ (y >>> 15), 0x846ca68b)
  return (y ^ (y >>> 16)) >>> 0
}
