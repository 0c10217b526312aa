// For tests: folders of runs on the embedded gateway in virtual time, written by what writes those
// of real ones.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GeneratorReadings, judgeGenerator } from '../analysis/health.ts'
import { summarize } from '../analysis/summary.ts'
import type { RequestRecord } from '../core/record.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import { type Plan, planHash } from '../load/plan.ts'
import { RunFolds } from '../recording/folds.ts'
import { manifestText } from '../recording/manifest.ts'
import { RunRecorder } from '../recording/recorder.ts'
import { createRunFolder, writeWhole } from '../recording/runFolder.ts'
import { writeResults } from '../report/files.ts'
import { writeReports } from '../report/runReports.ts'
import { type Simulation, simulate } from './simulate.ts'

export interface StoreOptions {
  readonly plan: Plan
  readonly spec?: GatewaySpec
  readonly version?: string
  /** Changes what the generator measured about itself. */
  readonly readings?: Partial<GeneratorReadings>
  readonly startedMs?: number
  /** Folder of run folders; a new one by default. */
  readonly resultsPath?: string
}

/** Simulates the plan and writes its folder; resolves with the path. */
export async function storeRun(options: StoreOptions): Promise<string> {
  const { plan, spec } = options
  const simulation = await simulate({ plan, ...(spec === undefined ? {} : { spec }) })
  return storeSimulation(simulation, options)
}

/** A run of which there are only records. */
export function madeUp(records: RequestRecord[]): Omit<Simulation, 'decisions'> {
  const counts = { planned: records.length, sent: records.length, ended: records.length }
  const lag = { count: 0, p50Us: null, p90Us: null, p99Us: null, maxUs: null }
  const result = { reason: 'completed', unsent: 0, ...counts, lag, scenarios: [] } as const
  return { records, events: [], progress: [], gaps: [], result }
}

/** Writes the folder of a run that has been simulated, or made up; resolves with the path. */
export async function storeSimulation(
  simulation: Omit<Simulation, 'decisions'>,
  options: Omit<StoreOptions, 'spec'>,
): Promise<string> {
  const { plan } = options
  const startedMs = options.startedMs ?? Date.UTC(2026, 10, 20)
  const resultsPath = options.resultsPath ?? mkdtempSync(join(tmpdir(), 'limitscope-runs-'))
  const folder = createRunFolder(resultsPath, plan.runId)
  const redact = (text: string) => text
  const manifest = manifestText(
    {
      plan,
      version: options.version ?? '0.1.0',
      startedMs,
      targetUrl: 'gateway',
      warnings: [],
      pacing: 'virtual',
      argv: [],
    },
    redact,
  )
  writeWhole(folder.file('manifest.json'), manifest)
  const recorder = new RunRecorder({
    plan,
    folder,
    startedMs,
    redact,
    hasRows: false,
    hasJournal: false,
    onWriteError: (error) => {
      throw error
    },
  })
  const folds = new RunFolds(plan, recorder)
  for (const event of simulation.events) folds.event(event)
  // As in a real run: seconds that are over are sealed while it goes on.
  const progress = simulation.progress.values()
  const gaps = simulation.gaps.values()
  let [report, gap] = [progress.next(), gaps.next()]
  for (const [i, record] of simulation.records.entries()) {
    for (; report.done !== true && report.value.us < record.endUs!; report = progress.next()) {
      folds.advance(report.value.us)
      recorder.progress(report.value)
    }
    folds.record(record)
    for (; gap.done !== true && gap.value.record <= i; gap = gaps.next()) {
      folds.gaps(gap.value, gap.value.gapsUs)
    }
  }
  for (; gap.done !== true; gap = gaps.next()) folds.gaps(gap.value, gap.value.gapsUs)
  folds.close()
  for (; report.done !== true; report = progress.next()) recorder.progress(report.value)
  recorder.findings = folds.findings.all()
  const summary = summarize({
    plan,
    planHash: planHash(plan),
    target: 'gateway',
    startedMs,
    durationUs: simulation.records.reduce((us, { endUs }) => Math.max(us, endUs ?? 0), 0),
    reason: simulation.result.reason,
    health: judgeGenerator({ ...readingsOf(simulation), ...options.readings }),
    recorder,
  })
  await recorder.close()
  await writeResults(folder, summary)
  writeReports(folder.path)
  return folder.path
}

function readingsOf({ result, records }: Omit<Simulation, 'decisions'>): GeneratorReadings {
  return {
    planned: result.planned,
    sent: result.sent,
    ended: result.ended,
    records: records.length,
    pacing: 'spin',
    lag: result.lag,
    responseP50Us: null,
    stalls: null,
    thread: null,
    arrivalDistance: null,
    ceilingPerS: null,
    peakPerS: null,
    host: { stealShare: null, busyShare: null, descriptorsShare: null, portsShare: null },
    sentinel: null,
    lostRows: 0,
    isOver: true,
  }
}
