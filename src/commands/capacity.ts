// `limitscope capacity SCENARIO`: the highest load of its traffic at which every promise holds, with an
// interval; what ends it; and a folder from which the search can be resumed.

import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  boundOf,
  type CapacityResult,
  type CapacityVerdict,
  capacityResult,
} from '../capacity/search/result.ts'
import { Search, type SearchOptions } from '../capacity/search/search.ts'
import { loadConfig } from '../config/load.ts'
import { type ExitCode, exitCodes, UserError } from '../core/errors.ts'
import { wallMs } from '../core/realClock.ts'
import type { Micros } from '../core/units.ts'
import { startGatewayThread } from '../gateway/thread.ts'
import { createRunFolder, freshRunId, runIdOf, writeWhole } from '../recording/runFolder.ts'
import { capacityHtml } from '../report/capacityHtml.ts'
import { capacityStepTable, capacityTable } from '../report/capacityTables.ts'
import { capacityText } from '../report/capacityText.ts'
import { writeTable } from '../report/files.ts'
import { longestWindowUs, makeStep } from './capacitySteps.ts'
import {
  loadSearch,
  loadSteps,
  type StoredSearch,
  searchSchema,
  storeSearch,
  storeStep,
} from './capacityStore.ts'
import { criteriaOf, isCriterion } from './criteria.ts'
import { checkListening, guardHost } from './guard.ts'
import { type CommandIo, say } from './io.ts'
import { type Prepared, prepare, secretsOf } from './prepare.ts'
import { resultsPathOf } from './run.ts'
import { type SearchScreen, searchScreen } from './searchScreen.ts'

export interface CapacityFlags {
  readonly config?: string
  readonly target?: string
  readonly seed?: number
  readonly slo: readonly string[]
  readonly rejections: number
  readonly failures: number
  readonly start: number
  readonly max: number
  readonly step: Micros
  readonly tolerance: number
  readonly maxSteps: number
  readonly warmup?: Micros
  readonly cooldown?: Micros
  readonly maxRequests?: number
  readonly resume?: string
  readonly out?: string
  readonly name?: string
  readonly reporter?: 'tui' | 'line' | 'silent'
  readonly json?: boolean
}

export async function capacityCommand(
  scenario: string | undefined,
  flags: CapacityFlags,
  io: CommandIo,
): Promise<number> {
  const { stored, folder } =
    flags.resume === undefined
      ? await newSearch(scenario, flags, io)
      : { folder: resolve(io.cwd, flags.resume), stored: loadSearch(resolve(io.cwd, flags.resume)) }
  const search = new Search({ ...stored.options, criteria: stored.criteria })
  await runSearch(search, stored, { folder, flags, io })
  const result = capacityResult(stored.name, search)
  await writeCapacity(folder, result)
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify({ ...result, folder }, null, 2)}\n`)
  } else io.stdout.write(`${capacityText(result, folder)}\n`)
  return exitCodeOf[result.verdict]
}

const exitCodeOf: Readonly<Record<CapacityVerdict, ExitCode>> = {
  found: exitCodes.passed,
  'all-passed': exitCodes.passed,
  estimated: exitCodes.inconclusive,
  generator: exitCodes.inconclusive,
  'target-died': exitCodes.inconclusive,
  'broken-at-lowest': exitCodes.failed,
  interrupted: exitCodes.interrupted,
}

/** A load gets up to so many times the first step until doubt is left standing. */
const extension = 8
const blockSeconds = 10
/** Windows that a step holds at least, so that what a limiter does shows in full. */
const windowsPerStep = 3

async function newSearch(
  scenario: string | undefined,
  flags: CapacityFlags,
  io: CommandIo,
): Promise<{ stored: StoredSearch; folder: string }> {
  const loaded = await loadConfig({ ...io, configPath: flags.config })
  const overrides = {
    target: flags.target,
    seed: flags.seed,
    caps: { requestsMax: flags.maxRequests },
  }
  const scenarios = scenario === undefined ? [] : [scenario]
  const prepared = await prepare(loaded, { runId: 'capacity', scenarios, overrides }, io)
  for (const warning of prepared.warnings) say(io, `warning: ${warning}`)
  const { plan, gateway } = prepared
  const name = onlyScenario(prepared)
  if (plan.target.kind === 'url') {
    await guardHost(plan.target.url, plan.caps)
    await checkListening(plan.target.url)
  }
  const statements = [...plan.scenarios[0]!.expectations, ...flags.slo]
  const asked = statements.filter((text) => flags.slo.includes(text) || isCriterion(text))
  const criteria = criteriaOf(asked, {
    rejectionsMax: flags.rejections,
    failuresMax: flags.failures,
  })
  const windowUs = longestWindowUs(plan)
  const stepUs = Math.max(flags.step, windowsPerStep * windowUs)
  const options: Omit<SearchOptions, 'criteria'> = {
    startPerS: flags.start,
    maxPerS: Math.min(flags.max, plan.caps.ratePerSMax ?? Number.POSITIVE_INFINITY),
    stepUs,
    stepUsMax: extension * stepUs,
    tolerance: flags.tolerance,
    stepsMax: flags.maxSteps,
    blockSeconds: Math.max(blockSeconds, Math.ceil(windowUs / 1e6)),
    seed: plan.seed,
  }
  const phase = plan.scenarios[0]!.phases[0]!
  const warmupUs = flags.warmup ?? Math.max(phase.warmupUs, windowUs, Math.round(stepUs / 10))
  const coolDownUs = flags.cooldown ?? windowUs
  const results = resultsPathOf(flags.out ?? loaded.config.results, io)
  const runId = freshRunId(results, runIdOf(wallMs(), flags.name ?? `capacity-${name}`))
  const folder = createRunFolder(results, runId).path
  const stored = {
    schema: searchSchema,
    name,
    plan,
    gateway,
    criteria,
    options,
    warmupUs,
    coolDownUs,
  } as const
  storeSearch(folder, stored)
  return { stored, folder }
}

/** A search varies one thing: the load of the first phase of one scenario. */
function onlyScenario({ plan }: Prepared): string {
  const names = plan.scenarios.map(({ name }) => name)
  if (names.length !== 1) {
    const message = `capacity: expected the name of one scenario, got ${names.length === 0 ? 'none' : `none of ${names.join(', ')}`}; its first phase is the traffic`
    throw new UserError('usage', message)
  }
  if (plan.scenarios[0]!.phases.length > 0) return names[0]!
  throw new UserError(
    'usage',
    `capacity: expected a scenario with a phase, got '${names[0]}', which has none`,
  )
}

interface Place {
  readonly folder: string
  readonly flags: CapacityFlags
  readonly io: CommandIo
}

/** Starts what the search needs, and ends it whatever happens. */
async function runSearch(search: Search, stored: StoredSearch, place: Place): Promise<void> {
  const { flags, io } = place
  const gateway = stored.gateway === null ? null : await startGatewayThread(stored.gateway)
  const { reporter = io.stderr.isTTY === true && flags.json !== true ? 'tui' : 'line' } = flags
  const quiet = reporter === 'silent' ? { ...io, stderr: blackHole(io.stderr) } : io
  const screen = searchScreen(search, stored.criteria, { isDrawn: reporter === 'tui', io: quiet })
  try {
    await makeSteps(search, stored, { ...place, screen, url: gateway?.url ?? null })
  } finally {
    screen.close()
    await gateway?.close()
  }
}

/** Plays the steps that are known already, then makes the others. */
async function makeSteps(
  search: Search,
  stored: StoredSearch,
  { folder, flags, io, screen, url }: Place & { screen: SearchScreen; url: string | null },
): Promise<void> {
  const { plan, criteria, warmupUs, coolDownUs } = stored
  const known = flags.resume === undefined ? [] : loadSteps(folder)
  const secrets = await secretsOf(plan, io)
  const target = url === null ? plan.target : ({ kind: 'url', url, tls } as const)
  let requestsLeft = plan.caps.requestsMax
  const moves = search.moves()
  for (let next = moves.next(), step = 0; next.done !== true; step++) {
    const move = next.value
    const before = known[step]
    if (before !== undefined) {
      next = moves.next(before.observation)
      continue
    }
    screen.begins(move, step > 0 && move.coolsDown ? coolDownUs : 0)
    const caps = { ...plan.caps, requestsMax: requestsLeft }
    const prepared = { plan: { ...plan, target, caps }, secrets, warnings: [], gateway: null }
    const options = { prepared, criteria, warmupUs, coolDownUs, folder, screen: screen.factory }
    const observation = await makeStep(move, step, options, io)
    if (requestsLeft !== null) requestsLeft -= observation.attempted
    storeStep(folder, { move, observation })
    next = moves.next(observation)
    screen.ended(search.steps.at(-1)!)
  }
}

/** For the embedded gateway, which has none. */
const tls = { caPath: null, verify: true }

function blackHole(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return Object.assign(Object.create(stream), { write: () => true })
}

/** Tables of a search that is resumed take the place of those before. */
async function writeCapacity(folder: string, result: CapacityResult): Promise<void> {
  for (const name of ['capacity.csv', 'capacity_steps.csv']) {
    rmSync(join(folder, name), { force: true })
  }
  await writeTable(join(folder, 'capacity.csv'), capacityTable(result))
  await writeTable(join(folder, 'capacity_steps.csv'), capacityStepTable(result))
  const bounds = {
    limiter: boundOf(result, ['rejections']),
    service: boundOf(result, ['latency', 'failures']),
  }
  writeWhole(join(folder, 'capacity.json'), `${JSON.stringify({ ...result, bounds }, null, 2)}\n`)
  writeWhole(join(folder, 'capacity.html'), capacityHtml(result))
}
