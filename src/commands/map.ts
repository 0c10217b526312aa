// `limitscope map`: which limiter says no first, over tokens per call × calls per minute; predicted by
// playing the limiters through, then tried on the target at the borders.

import { join } from 'node:path'
import { contradictions } from '../capacity/contradictions.ts'
import { axesOf } from '../capacity/map/axes.ts'
import { horizonUsOf } from '../capacity/map/economics.ts'
import { type Plane, type PlaneTarget, playPlane } from '../capacity/map/plane.ts'
import { mapScenarioName, probeName, probeScenario } from '../capacity/map/probePlan.ts'
import { chooseProbes, type Probe, sharesOf } from '../capacity/map/probes.ts'
import { type MapResult, mapDocument } from '../capacity/map/result.ts'
import { judgeProbes } from '../capacity/map/verdicts.ts'
import { type ExitCode, exitCodes } from '../core/errors.ts'
import type { Micros } from '../core/units.ts'
import type { Plan } from '../load/plan.ts'
import { createRunFolder, writeWhole } from '../recording/runFolder.ts'
import { writeTable } from '../report/files.ts'
import { mapHtml } from '../report/mapHtml.ts'
import { mapProbeTable, mapTable } from '../report/mapTables.ts'
import { mapText } from '../report/mapText.ts'
import { type CommandIo, say, wantsColour } from './io.ts'
import { type MapSource, type MapSourceFlags, mapSource } from './mapSource.ts'
import type { Reporter } from './reporters.ts'
import { resultsPathOf, runIdFor } from './run.ts'
import { chooseScreen } from './screens.ts'
import { runSession, type SessionResult } from './session.ts'

export interface MapFlags extends MapSourceFlags {
  readonly tokens?: Range
  readonly rates?: Range
  readonly promptShare: number
  readonly horizon?: Micros
  readonly probes: number
  readonly maxRequests?: number
  readonly columns?: number
  readonly out?: string
  readonly reporter?: Reporter
  readonly json?: boolean
}

interface Range {
  readonly from: number
  readonly to: number
}

/** What all probes together may take of each limiter, in units of its limit. */
const sharesMax = 15

export async function mapCommand(source: string, flags: MapFlags, io: CommandIo): Promise<number> {
  const found = await mapSource(source, flags, io)
  const warnings = [...found.prepared.warnings, ...contradictions(found.limiters)]
  const plane = planeOf(found, flags, io)
  const probes = flags.verify
    ? chooseProbes(plane, { probesMax: flags.probes, perSide: 1, sharesMax })
    : []
  const runId = runIdFor(flags, 'map', io)
  const session =
    probes.length > 0 ? await tryProbes(found, { plane, probes, runId }, flags, io) : null
  const result: MapResult = {
    plane,
    source: found.name,
    warnings,
    verdicts: session === null ? null : verdictsOf(probes, session),
    requests: session === null ? 0 : sentBy(session),
    shares: sharesOf(plane.spec.limiters, probes),
  }
  const folder = session?.folder ?? createRunFolder(resultsPathOf(flags.out, io), runId).path
  await writeMap(folder, result)
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify({ ...mapDocument(result), folder }, null, 2)}\n`)
  } else {
    const colour = wantsColour(io.stdout, io.env)
    io.stdout.write(`${mapText(result, { colour, folder })}\n`)
  }
  return exitCodeOf(result, session)
}

const columnsDefault = 72
const columnsLeast = 16
const rows = 40

function planeOf(found: MapSource, flags: MapFlags, io: CommandIo): Plane {
  const { limiters, service } = found
  const target: PlaneTarget = { limiters, service, promptShare: flags.promptShare }
  const wide = (io.stdout.columns ?? columnsDefault + 12) - 12
  const columns = Math.max(columnsLeast, flags.columns ?? Math.min(wide, 2 * columnsDefault))
  const axes = axesOf(target, { columns, rows })
  return playPlane({
    ...target,
    tokens: { ...axes.tokens, ...flags.tokens },
    perMin: { ...axes.perMin, ...flags.rates },
    horizonUs: flags.horizon ?? horizonUsOf(limiters),
  })
}

interface Trial {
  readonly plane: Plane
  readonly probes: readonly Probe[]
  readonly runId: string
}

/** Sends the probes, each on clean windows, as one run with all its files. */
async function tryProbes(
  found: MapSource,
  { plane, probes, runId }: Trial,
  flags: MapFlags,
  io: CommandIo,
): Promise<SessionResult> {
  const { prepared, lane, limiters, path } = found
  const traffic = { lane: lane.name, path, model: modelOf(prepared.plan, flags.model) }
  const { scenario, shapes } = probeScenario(probes, plane.spec, traffic)
  const caps = {
    ...prepared.plan.caps,
    requestsMax: flags.maxRequests ?? prepared.plan.caps.requestsMax,
  }
  const declared = limiters.map((limiter) => ({ tier: lane.tier, ...limiter }))
  const plan = {
    ...prepared.plan,
    runId,
    lanes: [lane],
    limiters: declared,
    shapes,
    scenarios: [scenario],
    caps,
  }
  const expected = probes.reduce((sum, { requests }) => sum + requests, 0)
  say(io, `map: trying ${probes.length} points, some ${expected} requests, each on clean windows`)
  return runSession(
    {
      ...prepared,
      plan,
      noSkip: false,
      resultsPath: resultsPathOf(flags.out, io),
      rowEvery: 1,
      pacing: 'auto',
      workers: 1,
      screen: await chooseScreen(flags.reporter, flags.json === true, io),
    },
    io,
  )
}

/** A shape of the plan knows the model better than a default does. */
function modelOf({ shapes }: Plan, fallback: string): string {
  return shapes.find(({ kind }) => kind === 'chat')?.model ?? fallback
}

function verdictsOf(probes: readonly Probe[], { summary }: SessionResult) {
  const scenario = summary.scenarios.find(({ name }) => name === mapScenarioName)
  const isWhole = summary.reason === 'completed'
  const started = new Set(scenario?.series.map(({ shape }) => shape) ?? [])
  const names = probes.map((_, i) => probeName(i))
  const unfinished = names.filter(
    (name, i) => !started.has(name) || (!isWhole && !started.has(names[i + 1] ?? '')),
  )
  return judgeProbes(probes, scenario?.findings ?? [], new Set(unfinished))
}

function sentBy({ summary }: SessionResult): number {
  const { unsent: _, ...sent } = summary.counts
  return Object.values(sent).reduce((sum, count) => sum + count, 0)
}

async function writeMap(folder: string, result: MapResult): Promise<void> {
  await writeTable(join(folder, 'map.csv'), mapTable(result))
  await writeTable(join(folder, 'map_probes.csv'), mapProbeTable(result))
  writeWhole(join(folder, 'map.json'), `${JSON.stringify(mapDocument(result))}\n`)
  writeWhole(join(folder, 'map.html'), mapHtml(result))
}

function exitCodeOf({ verdicts }: MapResult, session: SessionResult | null): ExitCode {
  if (verdicts === null || session === null) return exitCodes.passed
  if (session.exitCode !== exitCodes.passed) return session.exitCode
  const those = verdicts.map(({ verdict }) => verdict)
  if (those.includes('mismatch')) return exitCodes.failed
  return those.includes('not decided') ? exitCodes.inconclusive : exitCodes.passed
}
