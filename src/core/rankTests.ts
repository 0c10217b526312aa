// Exact rank tests and the shifts that belong to them, for few and precious values: one per run. Pure.

/** A shift of location with what is known about it. */
export interface Shift {
  readonly n: number
  /** Hodges-Lehmann estimate. */
  readonly estimate: number
  /** Exact two-sided interval, and its true confidence, which is at least what was asked if finite. */
  readonly interval: readonly [number, number]
  /** Exact one-sided p-values for "the shift is above 0" and "below 0". */
  readonly pAbove: number
  readonly pBelow: number
}

/** Wilcoxon's signed-rank test on differences; zeros count for neither side. */
export function signedRank(differences: readonly number[], confidence = 0.95): Shift {
  const n = differences.length
  const averages = walshAverages(differences)
  const ways = signedRankWays(n)
  const nonZero = differences.filter((d) => d !== 0)
  return {
    n,
    estimate: middleOf(averages),
    interval: intervalOf(averages, ways, confidence),
    pAbove: signedRankP(nonZero),
    pBelow: signedRankP(nonZero.map((d) => -d)),
  }
}

/** The rank-sum test (Mann-Whitney) of `after` against `before`, for sets that are no pairs. */
export function rankSum(
  before: readonly number[],
  after: readonly number[],
  confidence = 0.95,
): Shift {
  const differences = after.flatMap((b) => before.map((a) => b - a)).sort((a, b) => a - b)
  const ways = rankSumWays(before.length, after.length)
  return {
    n: Math.min(before.length, after.length),
    estimate: middleOf(differences),
    interval: intervalOf(differences, ways, confidence),
    pAbove: rankSumP(before, after),
    pBelow: rankSumP(after, before),
  }
}

/** Means of all pairs, each value with itself included, in rising order. */
function walshAverages(values: readonly number[]): number[] {
  const averages = values.flatMap((a, i) => values.slice(i).map((b) => (a + b) / 2))
  return averages.sort((a, b) => a - b)
}

/**
 * Between the k-th value from below and from above, where the statistic is below k with a chance of
 * at most (1 - confidence) / 2; everything when there are too few values.
 */
function intervalOf(
  sorted: readonly number[],
  ways: readonly number[],
  confidence: number,
): readonly [number, number] {
  const total = ways.reduce((sum, count) => sum + count, 0)
  let k = 0
  for (let below = ways[0] ?? 1; below / total <= (1 - confidence) / 2; below += ways[++k] ?? 0) {
    if (k >= ways.length) break
  }
  return k === 0
    ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    : [sorted[k - 1]!, sorted[sorted.length - k]!]
}

/** In how many of the 2^n ways to give signs the positive ranks sum to i. */
function signedRankWays(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).reduce(withRank, [1])
}

/** In how many ways a sum is reached when `rank` may be added to it. */
function withRank(ways: readonly number[], rank: number): number[] {
  return Array.from({ length: ways.length + rank }, (_, sum) => {
    return (ways[sum] ?? 0) + (ways[sum - rank] ?? 0)
  })
}

/** P(W >= observed), exact, also with ties: ranks are doubled, so that means of two are whole. */
function signedRankP(differences: readonly number[]): number {
  const ranks = doubledRanks(differences.map(Math.abs))
  const ways = ranks.reduce(withRank, [1])
  const observed = ranks.reduce((sum, rank, i) => sum + (differences[i]! > 0 ? rank : 0), 0)
  return tail(ways, observed)
}

/** By how many pairs `after` is ahead: in how many of the orders of m + n values. */
function rankSumWays(m: number, n: number): number[] {
  // ways[i][j]: of i values of one kind and j of the other, by the count of pairs.
  let row: number[][] = Array.from({ length: n + 1 }, () => [1])
  for (let i = 1; i <= m; i++) {
    const next: number[][] = [[1]]
    for (let j = 1; j <= n; j++) {
      const aheadOfAll = next[j - 1]!
      const behind = row[j]!
      next.push(
        Array.from({ length: i * j + 1 }, (_, u) => (aheadOfAll[u - i] ?? 0) + (behind[u] ?? 0)),
      )
    }
    row = next
  }
  return row[n]!
}

/** P(the ranks of `high` sum to at least what they do), exact over all choices of as many ranks. */
function rankSumP(low: readonly number[], high: readonly number[]): number {
  const ranks = doubledRanks([...low, ...high])
  const observed = ranks.slice(low.length).reduce((sum, rank) => sum + rank, 0)
  // ways[k][sum]: choices of k ranks.
  const ways: number[][] = [[1], ...high.map(() => [])]
  for (const rank of ranks) {
    for (let k = high.length; k > 0; k--) {
      for (const [sum, count] of ways[k - 1]!.entries()) {
        const to = sum + rank
        while (ways[k]!.length <= to) ways[k]!.push(0)
        ways[k]![to]! += count
      }
    }
  }
  return tail(ways[high.length]!, observed)
}

function tail(ways: readonly number[], from: number): number {
  const total = ways.reduce((sum, count) => sum + count, 0)
  return ways.slice(from).reduce((sum, count) => sum + count, 0) / total
}

/** Twice the ranks; equal values share the mean of theirs. */
function doubledRanks(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  return values.map((value) => {
    const first = sorted.indexOf(value)
    return first + 1 + sorted.lastIndexOf(value) + 1
  })
}

function middleOf(sorted: readonly number[]): number {
  const half = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
