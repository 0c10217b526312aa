// The map against the decision log: random pairs and triples of limiters, probes beside every border,
// sent through the engine to the embedded gateway in virtual time.

import { axesOf } from '../../src/capacity/map/axes.ts'
import { horizonUsOf } from '../../src/capacity/map/economics.ts'
import { playPlane } from '../../src/capacity/map/plane.ts'
import { probeName, probeScenario } from '../../src/capacity/map/probePlan.ts'
import { chooseProbes, sharesOf } from '../../src/capacity/map/probes.ts'
import { judgeProbes } from '../../src/capacity/map/verdicts.ts'
import { presets } from '../../src/gateway/presets.ts'
import { FindingsFold } from '../../src/recording/findings.ts'
import { randomChain } from '../../src/testing/randomLimiters.ts'
import { laneNamed, plan as planOf, simulate } from '../../src/testing/simulate.ts'
import { markdownTable, type Section, shareText } from './report.ts'

const latency = {
  ttftUs: 50_000,
  ttftSpread: 0.1,
  itlUs: 2_000,
  itlSpread: 0.05,
  slowdownPerInFlight: 0.01,
}
const service = { baseUs: 50_000, perTokenUs: 2_000, slowdownPerInFlight: 0.01 }
const traffic = { lane: 'free', path: '/v1/chat/completions', model: 'limitscope-small' }

export async function benchMap(chains: number): Promise<Section> {
  const rows: string[][] = []
  const sums = { probes: 0, hits: 0, client: 0, costMax: 0 }
  for (let seed = 1; seed <= chains; seed++) {
    const one = await tryChain(seed)
    sums.probes += one.probes
    sums.hits += one.hits
    sums.client += one.client
    sums.costMax = Math.max(sums.costMax, one.cost)
    const { names, probes, hits, requests, cost } = one
    rows.push([String(seed), names, `${hits} of ${probes}`, String(requests), cost.toFixed(1)])
  }
  const { probes, hits, client, costMax } = sums
  return {
    title: 'Map: the predicted limiter against the decision log',
    lines: [
      `${chains} random chains of two or three limiters: the limiter that says no first was the predicted one in ${hits} of ${probes} verified points (${shareText(hits, probes)}; wanted ≥ 98 %), and was read from the answers in ${client}.`,
      `All probes of a map together took at most ${costMax.toFixed(1)} times any limit (wanted ≤ 15).`,
      '',
      ...markdownTable(['chain', 'limiters', 'as predicted', 'requests', '× limit'], rows),
    ],
    isMet: hits / probes >= 0.98 && costMax <= 15,
  }
}

async function tryChain(seed: number) {
  const limiters = randomChain(seed)
  const target = { limiters, service, promptShare: 0.5 }
  const axes = axesOf(target, { columns: 48, rows: 32 })
  const plane = playPlane({ ...target, ...axes, horizonUs: horizonUsOf(limiters) })
  const probes = chooseProbes(plane, { probesMax: 12, perSide: 2, sharesMax: 15 })
  const { scenario, shapes } = probeScenario(probes, target, traffic)
  const declared = limiters.map((limiter) => ({ tier: null, ...limiter }))
  const lanes = [laneNamed('free')]
  const plan = planOf({ scenarios: [scenario], shapes, lanes, limiters: declared })
  const spec = { ...presets.plain!, tiers: { free: limiters }, latency, seed }
  const { records, decisions } = await simulate({
    plan,
    spec: { ...spec, dialect: 'ietf' },
    travelUs: 500,
  })
  const fold = new FindingsFold(plan)
  for (const record of records) fold.add(record)
  const verdicts = judgeProbes(probes, fold.all(), new Set())
  const phaseOf = new Map(records.map((record) => [String(record.seq), record.phase]))
  const truths = probes.map((_, i) => {
    const denied = decisions.find(({ requestId, outcome }) => {
      const seq = requestId.slice(requestId.lastIndexOf('-') + 1)
      return outcome === 'denied' && phaseOf.get(seq) === probeName(i)
    })
    return denied?.limiter ?? null
  })
  return {
    names: limiters.map(({ name, model }) => `${name} (${model.algorithm.kind})`).join(', '),
    probes: probes.length,
    requests: records.length,
    hits: probes.filter(({ expected }, i) => expected === truths[i]).length,
    client: verdicts.filter(({ found }, i) => found === truths[i]).length,
    cost: Math.max(...sharesOf(limiters, probes)),
  }
}
