// Probes of a map as a scenario: a phase per probe, each on clean windows, until the first rejection.

import type { Micros } from '../../core/units.ts'
import { bareScenario, type Phase, type Scenario } from '../../load/plan.ts'
import type { RequestShape } from '../../load/shapes.ts'
import { costOf, type PlaneTarget } from './plane.ts'
import type { Probe } from './probes.ts'

/** What the calls of probes look like but for their tokens. */
export interface ProbeTraffic {
  readonly lane: string
  readonly path: string
  readonly model: string
}

export const mapScenarioName = 'map'

/** The name of the phase, and of the shape, of probe `i`. */
export function probeName(i: number): string {
  return `probe-${i + 1}`
}

/** The scenario that tries a map, and its shapes. */
export function probeScenario(
  probes: readonly Probe[],
  target: PlaneTarget,
  traffic: ProbeTraffic,
): { readonly scenario: Scenario; readonly shapes: readonly RequestShape[] } {
  return {
    shapes: probes.map((probe, i) => shapeOf(probeName(i), probe, target, traffic)),
    scenario: {
      ...bareScenario,
      name: mapScenarioName,
      title: 'the points of the map that are tried on the target',
      phases: probes.map((probe, i) => phaseOf(probeName(i), probe, traffic)),
    },
  }
}

function shapeOf(
  name: string,
  { point }: Probe,
  target: PlaneTarget,
  { path, model }: ProbeTraffic,
): RequestShape {
  const { promptTokens, completionTokens } = costOf(target, point.tokens)
  return {
    name,
    kind: 'chat',
    method: 'POST',
    path,
    headers: {},
    model,
    promptTokens,
    outputTokensMax: completionTokens,
    stream: false,
    extra: {},
    body: null,
  }
}

const drainUs: Micros = 30e6
const timeoutUs: Micros = 60e6
const inFlightMax = 1000

function phaseOf(name: string, probe: Probe, { lane }: ProbeTraffic): Phase {
  return {
    name,
    arrivals: { kind: 'constant', perS: probe.point.perMin / 60 },
    mix: [{ shape: name, weight: 1 }],
    lanes: [lane],
    driver: 'auto',
    isolate: 'window',
    warmupUs: 0,
    until: [
      { kind: 'rejected', limiter: '*', plus: 0 },
      { kind: 'duration', us: probe.untilUs },
    ],
    drainUs,
    timeoutUs,
    inFlightMax,
    before: [],
  }
}
