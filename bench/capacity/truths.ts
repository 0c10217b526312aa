// Capacities that are known: closed forms of queues, the expectation of a window, and, where there is
// none, a long simulation that shares no code with the gateway.

/** M/M/1: P(T > t) = e^(−(μ−λ)t), so the q-quantile is t at λ = μ + ln(1−q)/t. */
export function mm1Capacity(muPerS: number, quantile: number, seconds: number): number {
  return muPerS + Math.log(1 - quantile) / seconds
}

/** M/M/c: the load at which the q-quantile of the sojourn time is `seconds`. */
export function mmcCapacity(
  { servers, muPerS }: { readonly servers: number; readonly muPerS: number },
  quantile: number,
  seconds: number,
): number {
  const above = (perS: number) => mmcTail({ servers, muPerS, perS, seconds }) > 1 - quantile
  return bisect(0.01, servers * muPerS * 0.9999, above)
}

// P(T > t) = e^(−μt) (1 + C (1 − e^(−μt(c−1−a))) / (c−1−a)), C by Erlang.
function mmcTail(q: { servers: number; muPerS: number; perS: number; seconds: number }): number {
  const { servers: c, muPerS, perS, seconds } = q
  const a = perS / muPerS
  let term = 1
  let sum = 0
  for (let k = 0; k < c; k++) {
    sum += term
    term *= a / (k + 1)
  }
  const queued = (term * c) / (c - a)
  const waits = queued / (sum + queued)
  const d = c - 1 - a
  const x = muPerS * seconds
  const rest = Math.abs(d) < 1e-9 ? x : (1 - Math.exp(-x * d)) / d
  return Math.exp(-x) * (1 + waits * rest)
}

/**
 * A fixed window that opens with its first request, under Poisson arrivals: one opener and N(λW) more
 * per window, `limit` of them admitted. The load at which `share` of them is rejected.
 */
export function windowCapacity(limit: number, windowS: number, share: number): number {
  const above = (perS: number) => {
    const mean = perS * windowS
    let admitted = 0
    let probability = Math.exp(-mean)
    for (let n = 0; n < mean + 12 * Math.sqrt(mean) + 50; n++) {
      admitted += probability * Math.min(limit, n + 1)
      probability *= mean / (n + 1)
    }
    return 1 - admitted / (mean + 1) > share
  }
  return bisect(0.1 / windowS, (10 * limit) / windowS, above)
}

/** Every request takes longer by a share per other in flight, with log-normal base times. */
export function slowdownCapacity(
  model: { readonly baseS: number; readonly sigma: number; readonly slowdown: number },
  quantile: number,
  seconds: number,
): number {
  // Long enough that the noise of this truth is a tenth of what is compared with it.
  const above = (perS: number) => slowdownTail(model, perS, seconds) > 1 - quantile
  return bisect(0.1, 1 / (model.baseS * model.slowdown), above, 14)
}

function slowdownTail(
  { baseS, sigma, slowdown }: { baseS: number; sigma: number; slowdown: number },
  perS: number,
  seconds: number,
): number {
  const random = mulberry(12_345)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const ends: number[] = []
  const requests = 400_000
  let now = 0
  let late = 0
  for (let i = 0; i < requests; i++) {
    now += -Math.log(1 - random()) / perS
    for (let j = ends.length - 1; j >= 0; j--) {
      if (ends[j]! <= now) ends.splice(j, 1)
    }
    const takes = baseS * Math.exp(sigma * normal()) * (1 + slowdown * ends.length)
    if (ends.length > 500) return 1
    ends.push(now + takes)
    if (takes > seconds) late++
  }
  return late / requests
}

function bisect(low: number, high: number, above: (x: number) => boolean, steps = 60): number {
  let [a, b] = [low, high]
  for (let i = 0; i < steps; i++) {
    const middle = (a + b) / 2
    if (above(middle)) b = middle
    else a = middle
  }
  return (a + b) / 2
}

function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
