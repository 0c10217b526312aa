// The steps of a capacity search on a real target: each a run of its own, with a cool-down before it.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StepObservation } from '../capacity/search/observation.ts'
import type { Move } from '../capacity/search/search.ts'
import { type CountedCriterion, StepFold } from '../capacity/search/stepFold.ts'
import { UserError } from '../core/errors.ts'
import { windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Phase, Plan } from '../load/plan.ts'
import { freshRunId } from '../recording/runFolder.ts'
import type { CommandIo } from './io.ts'
import type { Prepared } from './prepare.ts'
import { runSession, type ScreenFactory } from './session.ts'
import { listenForInterrupts } from './signals.ts'

export interface StepsOptions {
  /** Its target is a URL, also where the gateway is embedded. */
  readonly prepared: Prepared
  readonly criteria: readonly CountedCriterion[]
  readonly warmupUs: Micros
  readonly coolDownUs: Micros
  /** Folder of the search. */
  readonly folder: string
  readonly screen: ScreenFactory
}

/** The name of the only scenario and phase of a step. */
export const capacityName = 'capacity'

/** Longer windows are not waited for. */
const windowUsMost = 600e6

/** The longest window of the limiters of a plan, as far as it can be waited for. */
export function longestWindowUs({ limiters }: Plan): Micros {
  const windows = limiters.map(({ model }) => windowUsOf(model.algorithm) ?? 0)
  return Math.max(0, ...windows.filter((us) => us <= windowUsMost))
}

/** Makes one move; a target that is gone, or a stop in the cool-down, is the end of the search. */
export async function makeStep(
  move: Move,
  step: number,
  options: StepsOptions,
  io: CommandIo,
): Promise<StepObservation> {
  const { prepared, criteria, coolDownUs, folder } = options
  const fold = new StepFold(criteria, move.measureUs)
  const ended = (end: StepObservation['end']) =>
    fold.observation(move.loadPerS, { generator: 'VALID', generatorReasons: [], end })
  if (step > 0 && move.coolsDown && !(await coolDown(coolDownUs))) return ended('interrupted')
  const plan = stepPlan(move, step, options)
  if (plan.caps.requestsMax !== null && plan.caps.requestsMax <= 0) return ended('interrupted')
  try {
    const { summary } = await runSession(
      {
        ...prepared,
        plan,
        noSkip: false,
        resultsPath: join(folder, 'steps'),
        rowEvery: 0,
        pacing: 'auto',
        workers: 1,
        screen: options.screen,
        onSlice: (slice) => fold.add(slice),
      },
      io,
    )
    return fold.observation(move.loadPerS, {
      generator: summary.health.verdict,
      generatorReasons: summary.health.reasons,
      end: summary.reason === 'completed' ? 'completed' : summary.reason,
    })
  } catch (error) {
    if (error instanceof UserError && error.code === 'target') return ended('target-died')
    throw error
  }
}

/** The plan of one step: the traffic of the scenario at the load of the move. */
function stepPlan(move: Move, step: number, options: StepsOptions): Plan {
  const { plan } = options.prepared
  const [only] = plan.scenarios
  const [phase] = only!.phases
  const { loadPerS, measureUs } = move
  const kind = phase!.arrivals.kind === 'constant' ? 'constant' : 'poisson'
  const load: Phase = {
    ...phase!,
    name: capacityName,
    arrivals: { kind, perS: loadPerS },
    isolate: 'none',
    driver: phase!.driver === 'autocannon' ? 'auto' : phase!.driver,
    warmupUs: options.warmupUs,
    until: [{ kind: 'duration', us: measureUs }],
    inFlightMax: Math.min(10_000, Math.max(1000, Math.ceil(2 * loadPerS))),
  }
  const runId = `step-${String(step + 1).padStart(2, '0')}`
  return {
    ...plan,
    runId: freshRunId(join(options.folder, 'steps'), runId),
    // A step of its own seed: the same arrivals again would tell nothing new.
    seed: plan.seed + step,
    scenarios: [{ ...only!, name: capacityName, phases: [load], expectations: [] }],
  }
}

/** Waits until windows are clean; false: somebody wants it to end. */
async function coolDown(us: Micros): Promise<boolean> {
  if (us <= 0) return true
  const abort = new AbortController()
  const onStop = () => abort.abort()
  const interrupts = listenForInterrupts({ onStop, onAbort: onStop })
  try {
    await sleep(us / 1000, undefined, { signal: abort.signal })
    return true
  } catch {
    return false
  } finally {
    interrupts.close()
  }
}
