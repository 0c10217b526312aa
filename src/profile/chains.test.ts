import { describe, expect, test } from 'vitest'
import { chainCases, runChain } from '../testing/profileChains.ts'

// A sample of what `npm run bench:profile` runs in full, in a file of its own: it takes as long as all
// single limiters, and files run side by side.
const chains = chainCases({ sets: 3, seeds: 1 }, 1).filter(({ set }) => set === 2)

describe('two limiters in a row, in a sample', () => {
  test.each(chains.map((each) => [each.name, each] as const))(
    'identifies both: %s',
    async (_name, each) => {
      const { found, wrong, said } = await runChain(each)
      expect({ found, wrong }, said).toEqual({ found: 2, wrong: 0 })
    },
  )
})
