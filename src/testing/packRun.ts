// For tests: scenarios of a pack against its embedded system in virtual time: the windows are as long
// as the real ones, and take milliseconds.

import type { Expects } from '../analysis/expects.ts'
import type { GeneratorReadings } from '../analysis/health.ts'
import type { CheckResult, RunSummary } from '../analysis/result.ts'
import { summarize } from '../analysis/summary.ts'
import { prepare } from '../commands/prepare.ts'
import type { LoadedConfig } from '../config/load.ts'
import { configFromValue } from '../config/load.ts'
import type { ScenarioInput } from '../config/schema.ts'
import { VirtualClock } from '../core/clock.ts'
import type { RunEvent } from '../core/event.ts'
import { stepCaps } from '../drivers/driver.ts'
import { inProcessDriver } from '../drivers/inProcess.ts'
import { Engine } from '../engine/engine.ts'
import { GatewayService } from '../gateway/service.ts'
import { planHash } from '../load/plan.ts'
import { RunFolds } from '../recording/folds.ts'
import { RunRecorder } from '../recording/recorder.ts'

export interface PackRunOptions {
  readonly scenarios: readonly ScenarioInput[]
  /** Names, or patterns. */
  readonly words: readonly string[]
  readonly profile: string
  readonly expects?: Expects
  /** Changes to the embedded gateway: `breaks`, `knobs`. */
  readonly gateway?: Readonly<Record<string, unknown>>
}

export interface PackRun {
  readonly summary: RunSummary
  readonly events: readonly RunEvent[]
  /** 'scenario › statement' of everything that is neither passed nor known, with what was found. */
  readonly red: readonly string[]
  /** The same of what is known to differ from the document. */
  readonly known: readonly string[]
}

/** Where the in-process gateway thinks it is. */
const origin = 'http://localhost'

export async function runPack(options: PackRunOptions): Promise<PackRun> {
  const { words, profile, expects = 'either', gateway = {} } = options
  const loaded: LoadedConfig = configFromValue({ scenarios: options.scenarios, gateway }, 'pack')
  const choice = { runId: 'pack', scenarios: words, overrides: {}, profile }
  const { plan, secrets, gateway: spec } = await prepare(loaded, choice, { cwd: '.', env: {} })
  if (spec === null) throw new Error(`profile ${profile} is not embedded`)
  const clock = new VirtualClock()
  const service = new GatewayService(spec, clock)
  const recorder = new RunRecorder({
    plan,
    folder: null,
    startedMs: 0,
    redact: (text) => text,
    hasRows: false,
    hasJournal: false,
    onWriteError: () => {},
  })
  const events: RunEvent[] = []
  const folds = new RunFolds(plan, {
    slice: (slice) => recorder.slice(slice),
    event: (event) => events.push(event),
  })
  const driver = inProcessDriver(service, clock)
  const stepDriver = inProcessDriver(service, clock, { caps: stepCaps })
  const engine = new Engine({
    plan,
    secrets,
    clock,
    driverOf: () => driver,
    stepDriverTo: () => stepDriver,
    sink: {
      record: (record) => folds.record(record),
      gaps: (names, gapsUs) => folds.gaps(names, gapsUs),
      event: (event) => folds.event(event),
      progress: () => {},
    },
    epochMs: 0,
    userAgent: 'limitscope/test',
    origin,
    pathPrefix: '',
    meet: null,
    saturate: null,
  })
  const result = await clock.run(engine.run())
  folds.close()
  recorder.findings = folds.findings.all()
  const summary = summarize({
    plan,
    planHash: planHash(plan),
    target: `gateway:${spec.preset}`,
    startedMs: 0,
    durationUs: clock.nowUs(),
    reason: result.reason,
    expects,
    health: { verdict: 'VALID', reasons: [], readings: {} as GeneratorReadings },
    outcomes: result.scenarios,
    recorder,
  })
  const told = (is: (check: CheckResult) => boolean) =>
    summary.scenarios.flatMap(({ name, checks }) =>
      checks.filter(is).map((check) => `${name} › ${check.statement}: ${found(check)}`),
    )
  return {
    summary,
    events,
    red: told(({ verdict }) => !['passed', 'known', 'skipped'].includes(verdict)),
    known: told(({ verdict }) => verdict === 'known'),
  }
}

function found({ verdict, actual, reason }: CheckResult): string {
  return [verdict, actual, reason].filter((text) => text !== '').join('; ')
}
