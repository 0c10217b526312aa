// `npm run bench`: limitscope beside its peers on this machine. Runs what was asked for, prints the
// rows as they are known, writes the raw figures to results/ and the report to docs/performance.md.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseGroups, groupNames } from './groups/all.ts'
import { Children, canPin, canPrioritise, pinSelf } from './lib/children.ts'
import {
  type Context,
  makeScratch,
  removeFolder,
  resultsPath,
  rootPath,
  serverCpu,
} from './lib/context.ts'
import { watchIdleCore } from './lib/idle.ts'
import { readCommit, readMachine } from './lib/machine.ts'
import { type Options, readOptions, usage } from './lib/options.ts'
import { runGroups } from './lib/runner.ts'
import { compileServers } from './lib/servers.ts'
import { formatSamples, formatTarget } from './lib/text.ts'
import {
  type BenchResult,
  benchSchema,
  type Group,
  type IdleCore,
  type Measurement,
} from './lib/types.ts'
import { reportText } from './report.ts'
import { findTools, type Toolbox } from './tools/all.ts'

const exitBadUsage = 2
const exitInterrupted = 130

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = readOptions(args, groupNames)
  } catch (error) {
    say(`${error instanceof Error ? error.message : error}\n${usage}`)
    return exitBadUsage
  }
  const children = new Children()
  const scratchPath = makeScratch()
  let isInterrupted = false
  const interrupt = () => {
    if (!isInterrupted) say('\ninterrupted: ending the children, writing what there is')
    isInterrupted = true
    children.endAll()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    const problem = compileServers(scratchPath)
    if (problem !== null) {
      say(`bench: ${problem}; without its servers there is nothing to measure against`)
      return exitBadUsage
    }
    const toolbox = findTools()
    tellStart(toolbox)
    const context = { options, children, scratchPath, ...toolbox }
    await bench(context, toolbox, () => isInterrupted)
    return isInterrupted ? exitInterrupted : 0
  } finally {
    children.endAll()
    removeFolder(scratchPath)
  }
}

async function bench(
  context: Context,
  { versions }: Toolbox,
  isInterrupted: () => boolean,
): Promise<void> {
  const startedAt = new Date().toISOString()
  const groups = chooseGroups(context)
  const [commit, machine] = [readCommit(), readMachine()]
  // What the bench leaves to its garbage collector would else be collected on the client's CPU.
  pinSelf(serverCpu)
  const idleCores = new Map<string, IdleCore | null>()
  const measurements = await runGroups({
    groups,
    isInterrupted,
    async beforeGroup({ name }) {
      idleCores.set(name, await watchIdleCore(context, isInterrupted))
    },
    onGroup: tellRows,
  })
  const ran = groups.filter(
    ({ name }) => !isInterrupted() || measurements.some((m) => m.group === name),
  )
  write({
    schema: benchSchema,
    startedAt,
    endedAt: new Date().toISOString(),
    isComplete: !isInterrupted(),
    options: context.options,
    commit,
    machine,
    versions,
    groups: ran.map(({ name, title, how, figures, rows }) => {
      return {
        ...{ name, title, how, figures },
        rows: rows(measurements.filter((m) => m.group === name)),
        idleCore: idleCores.get(name) ?? null,
      }
    }),
    measurements,
  })
}

function tellStart({ absent }: Toolbox): void {
  for (const [name, why] of absent) say(`absent: ${name} is ${why}`)
  if (!canPin) say('processes cannot be kept on CPUs of their own here: one CPU, or no taskset')
  if (!canPrioritise) say('processes cannot have a priority here: no chrt, or not allowed')
}

function tellRows(group: Group, measurements: readonly Measurement[]): void {
  process.stdout.write(`\n${group.title}\n`)
  for (const { what, unit, target, samples, verdict, note } of group.rows(measurements)) {
    const reached = samples.length === 0 ? note : formatSamples(samples, unit)
    const wanted = target === null ? '' : `, wanted ${formatTarget(target, unit)}`
    process.stdout.write(`  ${what}: ${reached}${wanted}: ${verdict}\n`)
  }
}

/** The report of a part, or of a quick run, does not take the place of that of the whole. */
function write(result: BenchResult): void {
  const { options, isComplete, startedAt } = result
  const name = `bench-${startedAt.slice(0, 19).replaceAll(':', '-')}`
  const jsonPath = join(resultsPath, `${name}.json`)
  const isWhole = isComplete && !options.quick && options.only.length === 0
  const reportPath = isWhole
    ? join(rootPath, 'docs/performance.md')
    : join(resultsPath, `${name}.md`)
  mkdirSync(resultsPath, { recursive: true })
  writeFileSync(jsonPath, `${JSON.stringify(result, null, 1)}\n`)
  writeFileSync(reportPath, reportText(result))
  say(`\nraw figures: ${jsonPath}\nreport: ${reportPath}`)
  if (!isWhole) say(`to make it the project's: node bench/report.ts ${jsonPath}`)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
