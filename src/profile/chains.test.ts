import { describe, expect, test, vi } from 'vitest'
import { chainCases, runChain } from '../testing/profileChains.ts'

// Much is computed in virtual time: slow machines take a while.
vi.setConfig({ testTimeout: 180_000 })

// A sample of what `npm run bench:profile` runs in full, in a file of its own: it takes as long as all
// single limiters, and files run side by side.
const [windows, buckets, more, quick, tokens] = [1, 3, 5, 17, 3].map((seed) =>
  chainCases({ sets: 4, seeds: 1 }, seed),
)
const chains = [
  windows!.find(({ name, set }) => name.startsWith('window') && set === 2)!,
  // The slower one denies before the faster one has foretold a whole limit.
  buckets!.find(({ name, set }) => name.startsWith('token bucket') && set === 1)!,
  // A request that the faster one denied was lost: a slower limit of one more would explain it as well.
  more!.find(({ name, set }) => name.startsWith('token bucket') && set === 1)!,
  // A bucket that loses fractions, and is refilled while a request travels, would explain both together.
  quick!.find(({ name, set }) => name.startsWith('token bucket') && set === 3)!,
  tokens!.find(({ name, set }) => name.startsWith('requests') && set === 1)!,
]

describe('two limiters in a row, in a sample', () => {
  test.each(chains.map((each) => [each.name, each] as const))(
    'identifies both: %s',
    async (_name, each) => {
      const { found, wrong, said } = await runChain(each)
      expect({ found, wrong }, said).toEqual({ found: 2, wrong: 0 })
    },
  )
})
