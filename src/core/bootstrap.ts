// Bootstrap of counts that depend on their neighbours: whole blocks of intervals are drawn, so that
// what queues do to each other stays together. Pure.

/** Fewer blocks than these would hardly differ from each other: shorter ones are drawn instead. */
const blocksLeast = 4

/** Columns of counts per interval, ready to be drawn in blocks of neighbours. */
export class BlockSample {
  readonly intervals: number
  readonly #sums: readonly Float64Array[]
  readonly #blockLength: number

  /** Every column has one count per interval. */
  constructor(columns: readonly (readonly number[])[], blockLength: number) {
    this.intervals = columns[0]?.length ?? 0
    const most = Math.floor(this.intervals / blocksLeast)
    this.#blockLength = Math.max(1, Math.min(blockLength, most))
    this.#sums = columns.map(prefixSums)
  }

  /** Sums of each column as they are. */
  totals(): number[] {
    return this.#sums.map((sums) => sums[this.intervals]!)
  }

  /** Blocks that a draw is made of. */
  get blocks(): number {
    return Math.max(1, Math.round(this.intervals / this.#blockLength))
  }

  /** Sums of each column over blocks that are drawn at random, wrapping around the end. */
  draw(uniform: () => number): number[] {
    const out = this.#sums.map(() => 0)
    for (let block = 0; block < this.blocks; block++) {
      const start = Math.floor(uniform() * this.intervals)
      const end = start + this.#blockLength
      for (const [c, sums] of this.#sums.entries()) {
        const wrapped = end > this.intervals ? sums[end - this.intervals]! : 0
        out[c]! += sums[Math.min(end, this.intervals)]! - sums[start]! + wrapped
      }
    }
    return out
  }
}

function prefixSums(counts: readonly number[]): Float64Array {
  const sums = new Float64Array(counts.length + 1)
  for (const [i, count] of counts.entries()) sums[i + 1] = sums[i]! + count
  return sums
}

/** The q-quantile of sorted values, between its neighbours. */
export function sortedQuantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1)
  const low = sorted[Math.floor(at)]!
  const high = sorted[Math.ceil(at)]!
  return low === high ? low : low + (high - low) * (at - Math.floor(at))
}

/** The values nearest to `values` that never fall, by weight (pool adjacent violators). */
export function isotonic(values: readonly number[], weights: readonly number[]): number[] {
  const pools: { value: number; weight: number; count: number }[] = []
  for (const [i, value] of values.entries()) {
    let pool = { value, weight: weights[i]!, count: 1 }
    for (
      let last = pools.at(-1);
      last !== undefined && last.value > pool.value;
      last = pools.at(-1)
    ) {
      pools.pop()
      const weight = last.weight + pool.weight
      pool = {
        value: (last.value * last.weight + pool.value * pool.weight) / weight,
        weight,
        count: last.count + pool.count,
      }
    }
    pools.push(pool)
  }
  return pools.flatMap(({ value, count }) => Array<number>(count).fill(value))
}
