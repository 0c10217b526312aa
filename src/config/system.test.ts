import { describe, expect, test } from 'vitest'
import { UserError } from '../core/errors.ts'
import { defineScenario, defineSystem, documented, lane, needs, spaced, step } from './builders.ts'
import { freezePlan } from './freeze.ts'
import { configFromValue } from './load.ts'
import type { ConfigInput } from './schema.ts'
import { systemPart } from './system.ts'

const maas = defineSystem('maas', {
  profiles: {
    embedded: {
      target: 'gateway:maas',
      gateway: { knobs: { A: 1, B: 2 } },
      variables: { burst: 5 },
    },
    real: { target: 'http://127.0.0.1:8080/maas-api', variables: { burst: 20 } },
  },
  dialect: 'kuadrant',
  tiers: { free: { limiters: { requests: { limit: 5, window: '2m' } } } },
})

const smoke = defineScenario('maas/smoke', {
  system: maas,
  lanes: [lane('free', { bearer: { from: 'env', name: 'FREE_OC_TOKEN' } })],
  needs: [needs.env('FREE_OC_TOKEN', { remedy: 'oc login' })],
  steps: [step.get('models', '/v1/models', { lane: 'free', capture: { n: '/n' } })],
  expect: [
    'value(n) >= {{burst}}',
    documented('value(n) == 1', { actual: 'value(n) == 2', note: 'off by one' }),
  ],
})

const other = defineScenario('other', {
  lanes: [lane('free', { apiKey: { from: 'env', name: 'KEY' } })],
  arrivals: spaced('1ms'),
  mix: [{ kind: 'raw', name: 'x', path: '/x' }],
})

const load = (changes: Partial<ConfigInput> = {}) =>
  configFromValue({ target: 'gateway:plain', scenarios: [smoke, other], ...changes }, 'c')

function planOf(profile: string | undefined, env = {}, changes: Partial<ConfigInput> = {}) {
  const words = ['maas/*']
  const { loaded, variables } = systemPart(load(changes), { words, profile })
  const options = { runId: 'r', scenarios: words, overrides: {}, variables, env }
  return { ...freezePlan(loaded, options), loaded }
}

describe('scenarios of a system', () => {
  test('are run against its own target, with its limits, dialect and variables', () => {
    const { plan, loaded } = planOf(undefined)
    expect(plan).toMatchObject({
      target: { kind: 'gateway', preset: 'maas' },
      dialect: 'kuadrant',
      limiters: [{ name: 'requests', tier: 'free' }],
      variables: { burst: 5 },
      lanes: [{ name: 'free', credential: { from: 'env', name: 'FREE_OC_TOKEN' } }],
    })
    expect(plan.scenarios[0]).toMatchObject({
      skip: null,
      expectations: ['value(n) >= 5', 'value(n) == 1'],
      differences: [{ statement: 'value(n) == 1', actual: 'value(n) == 2', note: 'off by one' }],
    })
    expect(loaded.config.gateway).toEqual({ knobs: { A: 1, B: 2 } })
  })

  test('take the knobs of the config over those of the profile', () => {
    const { loaded } = planOf('embedded', {}, { gateway: { breaks: ['x'], knobs: { B: 3 } } })
    expect(loaded.config.gateway).toEqual({ breaks: ['x'], knobs: { A: 1, B: 3 } })
  })

  test('need their variables on a real target only, and say which', () => {
    const { plan } = planOf('real')
    expect(plan.target).toMatchObject({ kind: 'url', url: 'http://127.0.0.1:8080/maas-api' })
    expect(plan.scenarios[0]!.skip).toBe('FREE_OC_TOKEN is not set; oc login')
    // A credential that nobody has is not asked for.
    expect(plan.lanes).toEqual([])
    expect(planOf('real', { FREE_OC_TOKEN: 'x' }).plan.scenarios[0]!.skip).toBeNull()
  })

  test('are not run when nobody names them', () => {
    const { loaded, system } = systemPart(load(), { words: [] })
    expect(system).toBeNull()
    expect(loaded.scenarios.map(({ input }) => input.name)).toEqual(['other'])
  })

  test.each([
    [
      { words: ['*'] },
      /expected those of one system, got maas\/smoke \(system maas\) and other \(no system\)/,
    ],
    [
      { words: ['maas/*'], profile: 'reel' },
      /expected one of embedded, real of the system maas, got 'reel'; did you mean 'real'\?/,
    ],
    [
      { words: ['other'], profile: 'real' },
      /made for a system, got 'real' for others; use --target/,
    ],
  ])('are refused with the reason: %j', (choice, message) => {
    expect(() => systemPart(load(), choice)).toThrow(UserError)
    expect(() => systemPart(load(), choice)).toThrow(message)
  })
})

test('a variable that nobody gives is told with its place', () => {
  const slip = { ...smoke, steps: [step.get('models', '/v1/models/{{busrt}}')] }
  expect(() => load({ scenarios: [slip] })).toThrow(
    "c: scenarios[0].steps[0]: expected a variable that a step captures or a profile gives, got '{{busrt}}'; did you mean '{{burst}}'?",
  )
})
