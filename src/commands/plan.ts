// `limitscope plan TIERS`: how much of the tiers' traffic is carried, which limiter binds whom, what it
// costs; and, on request, how right that is on the embedded gateway.

import { join } from 'node:path'
import { keyLimits } from '../capacity/forecast/derating.ts'
import { type Forecast, forecast } from '../capacity/forecast/forecast.ts'
import type { ForecastSpec } from '../capacity/forecast/spec.ts'
import { readTiersFile } from '../config/tiersFile.ts'
import { exitCodes, UserError } from '../core/errors.ts'
import { wallMs } from '../core/realClock.ts'
import { createRunFolder, freshRunId, runIdOf, writeWhole } from '../recording/runFolder.ts'
import { writeTable } from '../report/files.ts'
import { planHtml } from '../report/planHtml.ts'
import { planTable } from '../report/planTable.ts'
import { type PlanTextParts, planText } from '../report/planText.ts'
import { backtest, backtestKeysMax, backtestRequestsMax, type Measured } from './backtest.ts'
import { type CommandIo, say } from './io.ts'
import { planSpec } from './planSpec.ts'
import { resultsPathOf } from './run.ts'

export interface PlanFlags {
  readonly backtest?: boolean
  readonly futures?: number
  readonly seed?: number
  readonly out?: string
  /** False: write no files. */
  readonly save?: boolean
  readonly json?: boolean
}

export const planSchema = 'limitscope.plan/1'

/** Calls that all futures together may have: some 20 µs each. */
const callsMax = 4_000_000
const futuresLeast = 40

export async function planCommand(path: string, flags: PlanFlags, io: CommandIo): Promise<number> {
  const file = await readTiersFile(path, io)
  const { spec: asked, warnings } = planSpec(file)
  const { spec, notes } = affordable({
    ...asked,
    futures: flags.futures ?? asked.futures,
    seed: flags.seed ?? asked.seed,
  })
  const told = [...warnings, ...notes]
  for (const warning of told) say(io, `warning: ${warning}`)
  const found = forecast(spec)
  const measured = flags.backtest === true ? await backtested(spec) : null
  const limits = spec.tiers.map((tier) => ({ tier: tier.name, limits: keyLimits(tier, spec) }))
  const folder =
    flags.save === false ? null : await writePlan({ spec, found, limits, measured }, flags, io)
  if (flags.json === true) {
    const document = { schema: planSchema, ...found, limits, measured, warnings: told, folder }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  } else {
    io.stdout.write(`${planText({ spec, forecast: found, limits, measured, folder })}\n`)
  }
  return exitCodes.passed
}

/** Fewer futures, where as many as were asked for would take minutes. */
function affordable(spec: ForecastSpec): { spec: ForecastSpec; notes: string[] } {
  const calls = callsOf(spec)
  const futures = Math.max(
    futuresLeast,
    Math.min(spec.futures, Math.floor(callsMax / Math.max(1, calls))),
  )
  if (futures >= spec.futures) return { spec, notes: [] }
  const note = `${futures} futures instead of ${spec.futures}: each has some ${Math.round(calls)} calls; a shorter horizon allows more`
  return { spec: { ...spec, futures }, notes: [note] }
}

function callsOf({ tiers, horizonUs, warmupUs }: ForecastSpec): number {
  return tiers.reduce((sum, { arrivals, keys }) => {
    if (arrivals.kind === 'replay') return sum + arrivals.calls.length
    return sum + (arrivals.perKeyPerS * keys * (horizonUs + warmupUs)) / 1e6
  }, 0)
}

function backtested(spec: ForecastSpec): Promise<Measured[]> {
  const keys = spec.tiers.reduce((sum, tier) => sum + tier.keys, 0)
  const calls = callsOf(spec)
  if (keys > backtestKeysMax || calls > backtestRequestsMax) {
    const message = `--backtest: expected at most ${backtestKeysMax} keys and ${backtestRequestsMax} calls, got ${keys} and ${Math.round(calls)}; shorten the horizon or scale the keys`
    throw new UserError('usage', message)
  }
  // A day that no future was drawn from.
  return backtest(spec, spec.seed + 1_000_000)
}

interface Written {
  readonly spec: ForecastSpec
  readonly found: Forecast
  readonly limits: PlanTextParts['limits']
  readonly measured: readonly Measured[] | null
}

async function writePlan(
  { spec, found, limits, measured }: Written,
  { out }: PlanFlags,
  io: CommandIo,
) {
  const results = resultsPathOf(out, io)
  const { path } = createRunFolder(results, freshRunId(results, runIdOf(wallMs(), 'plan')))
  await writeTable(join(path, 'plan.csv'), planTable(found, measured))
  writeWhole(join(path, 'plan.html'), planHtml({ spec, forecast: found, limits, measured }))
  const document = { schema: planSchema, spec, ...found, measured }
  writeWhole(join(path, 'plan.json'), `${JSON.stringify(document, null, 2)}\n`)
  return path
}
