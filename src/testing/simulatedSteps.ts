// For tests and benches: the steps of a capacity search against an embedded gateway in virtual time.
// The gateway lives on from step to step, as a real one would.

import type { StepObservation } from '../capacity/search/observation.ts'
import type { Move, Search } from '../capacity/search/search.ts'
import { type CountedCriterion, StepFold } from '../capacity/search/stepFold.ts'
import { VirtualClock } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'
import { inProcessDriver } from '../drivers/inProcess.ts'
import { Engine } from '../engine/engine.ts'
import { GatewayService } from '../gateway/service.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import type { Plan } from '../load/plan.ts'
import { SliceFold } from '../recording/slice.ts'
import { laneNamed, phase, plan as planOf, scenario } from './simulate.ts'

export interface SimulatedTarget {
  readonly spec: GatewaySpec
  readonly warmupUs: Micros
  readonly coolDownUs: Micros
  readonly seed: number
}

/** Runs a search to its end. */
export async function simulateSearch(
  search: Search,
  criteria: readonly CountedCriterion[],
  target: SimulatedTarget,
): Promise<void> {
  const run = simulatedSteps(criteria, target)
  const moves = search.moves()
  for (let next = moves.next(); next.done !== true; ) next = moves.next(await run(next.value))
}

/** Makes moves, one after the other, on one clock and one gateway. */
export function simulatedSteps(
  criteria: readonly CountedCriterion[],
  target: SimulatedTarget,
): (move: Move) => Promise<StepObservation> {
  const clock = new VirtualClock()
  const service = new GatewayService({ ...target.spec, decisionsMax: 100 }, clock)
  const driver = inProcessDriver(service, clock)
  let step = 0
  return async (move) => {
    if (move.coolsDown) clock.advanceTo(clock.nowUs() + target.coolDownUs)
    const fold = new StepFold(criteria, move.measureUs)
    const slices = new SliceFold((slice) => fold.add(slice))
    const plan = stepPlan(move, target, step++)
    const engine = new Engine({
      plan,
      secrets: new Map(plan.lanes.map(({ name, tier }) => [name, { authorization: tier }])),
      clock,
      driverOf: () => driver,
      sink: {
        record: (record) => slices.add(record),
        gaps() {},
        event() {},
        progress: ({ us }) => slices.advance(us),
      },
      epochMs: 0,
      userAgent: 'limitscope/test',
      origin: 'http://in-process',
      pathPrefix: '',
      stepDriverTo: () => driver,
      meet: null,
      saturate: null,
    })
    const { reason } = await clock.runInPieces(engine.run(), pieceUs)
    slices.cut()
    return fold.observation(move.loadPerS, {
      generator: 'VALID',
      generatorReasons: [],
      end: reason === 'completed' ? 'completed' : reason,
    })
  }
}

/** Virtual time between looks at whether a run is over: requests need no promises, so none waits. */
const pieceUs: Micros = 1e6

function stepPlan(move: Move, { warmupUs, seed }: SimulatedTarget, step: number): Plan {
  const arrivals = { kind: 'poisson', perS: move.loadPerS } as const
  const until = [{ kind: 'duration', us: move.measureUs } as const]
  const load = phase({ arrivals, until, warmupUs, inFlightMax: 100_000, timeoutUs: 600e6 })
  const scenarios = [scenario('capacity', load)]
  return planOf({ scenarios, lanes: [laneNamed('free')], seed: seed * 1000 + step })
}
