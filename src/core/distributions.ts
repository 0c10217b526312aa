// Distribution functions that tests and intervals need; pure.

/** ln Γ(x) for x > 0 (Lanczos, g = 7, nine terms). */
export function lnGamma(x: number): number {
  const series = lanczos.reduce((sum, term, i) => sum + (i === 0 ? term : term / (x - 1 + i)), 0)
  const t = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series)
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
]

/** The regularised incomplete beta function I_x(a, b) (continued fraction, modified Lentz). */
export function betaRegularized(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const lnFront = lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x)
  const front = Math.exp(lnFront)
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b
}

const termsMax = 10_000

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < termsMax; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    const step = d * c
    fraction *= step
    if (Math.abs(step - 1) < 1e-15) break
  }
  return fraction
}

/** P(|T| >= |t|) of Student's t with `freedom` degrees. */
export function studentTwoSided(t: number, freedom: number): number {
  return Number.isFinite(t) ? betaRegularized(freedom / (freedom + t * t), freedom / 2, 0.5) : 0
}

/** The value that Student's t stays below with chance `p`, 0.5 < p < 1. */
export function studentQuantile(p: number, freedom: number): number {
  return risingRoot((t) => 1 - studentTwoSided(t, freedom) / 2 - p)
}

/** P(Z <= z) of the standard normal (series; beyond 8 sigma it is 0 or 1). */
export function normalBelow(z: number): number {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0
  let term = z
  let sum = z
  for (let n = 3; sum !== sum + term; n += 2) {
    term *= (z * z) / n
    sum += term
  }
  return 0.5 + sum * Math.exp((-z * z) / 2 - Math.log(Math.sqrt(2 * Math.PI)))
}

/** The value that a standard normal stays below with chance `p`, 0.5 <= p < 1. */
export function normalQuantile(p: number): number {
  return risingRoot((z) => normalBelow(z) - p)
}

/** Where a rising function of x >= 0 crosses 0, by bisection. */
function risingRoot(f: (x: number) => number): number {
  let low = 0
  let high = 1
  while (f(high) < 0 && high < 1e9) high *= 2
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2
    if (f(middle) < 0) low = middle
    else high = middle
  }
  return (low + high) / 2
}
