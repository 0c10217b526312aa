// For tests: what every pack has to stand: green against its system, faithful and as documented, and
// red at the right check where one thing of it is broken.

import { beforeAll, describe, expect, test } from 'vitest'
import type { Expects } from '../analysis/expects.ts'
import type { ScenarioInput } from '../config/schema.ts'
import type { BreakName } from '../gateway/breaks.ts'
import { runPack } from './packRun.ts'
import { packOf } from './packs.ts'

/** One thing that is broken about a system. */
export interface Mutation {
  readonly breaks: BreakName
  /** Default 'embedded': as the code behaves. */
  readonly profile?: string
  readonly words: readonly string[]
  /** Statements that fail because of it; others may, too. */
  readonly red: readonly string[]
  /** Default 'either': known differences are no failures. */
  readonly expects?: Expects
}

/** A second or two, on a machine that has nothing else to do. */
const timeout = 120_000

export interface PackOptions {
  /** Scenarios that a profile has to skip, by profile. */
  readonly skipped?: Readonly<Record<string, readonly string[]>>
}

export function packTests(
  name: string,
  mutations: readonly Mutation[],
  { skipped = {} }: PackOptions = {},
): void {
  describe(`the pack ${name}`, () => {
    let scenarios: readonly ScenarioInput[] = []

    beforeAll(async () => {
      scenarios = await packOf(name)
    })

    test.each(['embedded', 'documented'])(
      'is green against its system: %s',
      { timeout },
      async (profile) => {
        const { red, summary } = await runPack({ scenarios, words: [`${name}/*`], profile })
        expect(red).toEqual([])
        expect(summary.scenarios).toHaveLength(scenarios.length)
        const left = summary.scenarios.filter((scenario) => scenario.skipped !== null)
        expect(left.map((scenario) => scenario.name)).toEqual(skipped[profile] ?? [])
      },
    )

    test.each(mutations)(
      'turns red at the right check: $breaks in $words',
      { timeout },
      async (mutation) => {
        const { breaks, words, profile = 'embedded', expects = 'either' } = mutation
        const run = await runPack({
          scenarios,
          words,
          profile,
          expects,
          gateway: { breaks: [breaks] },
        })
        const failed = run.summary.scenarios
          .flatMap(({ checks }) => checks)
          .filter(({ verdict }) => verdict === 'failed')
          .map(({ statement }) => statement)
        expect(failed).toEqual(expect.arrayContaining([...mutation.red]))
      },
    )
  })
}
