import { describe, expect, test } from 'vitest'
import type { ChargeTime, LimitUnit, RequestCost } from '../core/limits.ts'
import { fixedWindow, limiter } from '../limiters/models.ts'
import { inVirtualTime, virtualProber } from '../testing/virtualProber.ts'
import { chargedAfter, classes } from './classes.ts'
import { withCosts } from './costFindings.ts'
import type { Identified } from './identification.ts'
import { knownOf, type Layer } from './known.ts'
import type { ProbeShape } from './observation.ts'
import { Session } from './session.ts'

const budget = { requestsMax: 1_000, tokensMax: null, durationUsMax: 3600e6 }
const request = { shape: 'tiny', lane: 'lane' }

const costing = (promptTokens: number, completionTokens: number): RequestCost => ({
  promptTokens,
  completionTokens,
  usd: 0,
})
const shape = (name: string, estimate: RequestCost): ProbeShape => ({ name, estimate })

const shapes = [
  shape('tiny', costing(4, 1)),
  shape('long-prompt', costing(200, 1)),
  shape('long-output', costing(4, 230)),
  shape('short-output', costing(4, 230)),
]
const actual = { 'short-output': costing(4, 3) }

/** A limit of 1,930 per 40 s, of which is known that it counts some tokens, and whether afterwards. */
function layerOf(session: Session, isPost: boolean): Layer {
  const plain = classes.find(({ id }) => id === 'window-first')!
  const best = { limit: 1_930, spanUs: 40e6, phaseUs: 0, step: 1 }
  const limit = [1_850, 2_000] as const
  const span = [best.spanUs, best.spanUs] as const
  const fit = {
    of: isPost ? chargedAfter(plain) : plain,
    best,
    mismatches: 0,
    coincidences: 0,
    sample: [best],
    limit,
    spanUs: span,
    phaseUs: [0, 0] as const,
  }
  const found: Identified = {
    isForetold: true,
    leader: { fit, odds: 1 },
    rivals: [],
    isSettled: true,
    isExplained: true,
    denials: new Set(),
    brokenUs: null,
  }
  return { found, unit: 'tokens', observations: session.observations, trace: [] }
}

/** What is said of it, behind nothing else. */
async function said(unit: LimitUnit, charge: ChargeTime, given = shapes) {
  const model = limiter(fixedWindow(1_930, 40e6), { unit, charge })
  const limiters = [{ name: 'tokens', model }]
  const prober = virtualProber({ limiters, shapes: given, actual, seed: 3 })
  const session = new Session(prober, { target: 'virtual', seed: 1, budget })
  const work = async () => {
    await session.send(request)
    const layer = layerOf(session, charge === 'post')
    return withCosts(session, knownOf(layer, []), { layer, others: [], request })
  }
  return inVirtualTime(prober, work())
}

describe('a limiter of tokens', () => {
  test.each([
    ['tokens', 'post'],
    ['tokens', 'reserve'],
    ['tokens', 'pre'],
    ['completion-tokens', 'post'],
    ['completion-tokens', 'reserve'],
    ['prompt-tokens', 'post'],
    ['prompt-tokens', 'pre'],
  ] as const)('is found to count %s, and when: %s', async (unit, charge) => {
    const { limiter: found, model, warnings, reasons } = await said(unit, charge)
    expect(found, reasons.join('; ')).toMatchObject({ unit, charge })
    expect(found.intervals.limit![0]).toBeLessThanOrEqual(1_930)
    expect(found.intervals.limit![1]).toBeGreaterThanOrEqual(1_930)
    expect(model.model).toMatchObject({ unit, charge })
    expect(found.evidence.join()).toMatch(/of them mixed, as foretold/)
    const late = warnings.find(({ code }) => code === 'late-token-limit')
    const dearest = { 'prompt-tokens': 200, 'completion-tokens': 230, tokens: 234 }[unit]
    expect(late?.figures.overMost).toBe(charge === 'post' ? dearest - 1 : undefined)
  })

  test('what each shape costs it is told, in its own unit', async () => {
    const { limiter: found } = await said('completion-tokens', 'reserve')
    const [first] = found.costs!.filter((cost) => cost.shape === 'long-output')
    expect(first!.units[0]).toBeLessThanOrEqual(230)
    expect(first!.units[1]).toBeGreaterThanOrEqual(230)
    expect(found.costs!.find((cost) => cost.shape === 'long-prompt')!.units[1]).toBeLessThan(100)
  })

  test('without short answers nobody can tell a charge from a reservation', async () => {
    const { limiter: found, reasons } = await said('tokens', 'reserve', shapes.slice(0, 3))
    expect(found).toMatchObject({ unit: 'tokens', charge: null })
    expect(reasons.join()).toMatch(/whether it gives back .* could not be told/)
  })

  test('with one dear shape it is not told which tokens count', async () => {
    const { limiter: found, reasons } = await said('tokens', 'reserve', shapes.slice(0, 2))
    expect(found.costs).toBeUndefined()
    expect(reasons.join()).toMatch(/not told which tokens it counts/)
  })
})
