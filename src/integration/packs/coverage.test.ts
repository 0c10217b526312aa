// docs/coverage.md names the check of every behaviour: that they exist is what this file sees to.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ScenarioInput } from '../../config/schema.ts'
import { stepInputs, stepOf } from '../../config/stepInput.ts'
import { statementsOf } from '../../engine/stepRun.ts'
import { packNames, packOf } from '../../testing/packs.ts'

const text = readFileSync(join(import.meta.dirname, '../../../docs/coverage.md'), 'utf8')
const named = [...text.matchAll(/`([\w.-]+\/[\w.-]+) › ([^`]+)`/g)].map(([, scenario, check]) => {
  return { scenario: scenario!, check: check! }
})

/** Everything that a scenario says of itself, and of the answers to its steps. */
function statementsIn(scenario: ScenarioInput): string[] {
  const { expect: expected = [], slo = [], phases = [] } = scenario
  const stated = [...expected, ...slo].map((one) => (typeof one === 'string' ? one : one.statement))
  const steps = [scenario, ...phases].flatMap((part) => stepInputs(part))
  return [...stated, ...steps.flatMap(({ step }) => statementsOf(stepOf(step)))]
}

test('every check that the coverage names exists, and every scenario is named', async () => {
  const packs = await Promise.all(packNames().map((name) => packOf(name)))
  const known = new Map(packs.flat().map((scenario) => [scenario.name, statementsIn(scenario)]))
  const missing = named.filter(({ scenario, check }) => !known.get(scenario)?.includes(check))
  expect(missing).toEqual([])
  const covered = new Set(named.map(({ scenario }) => scenario))
  expect([...known.keys()].filter((scenario) => !covered.has(scenario))).toEqual([])
  expect(named.length).toBeGreaterThan(50)
})
