// The report: docs/performance.md, made wholly from the JSON of a bench run.
// Of several, each group is taken from the last that has it.
// usage: node bench/report.ts results/bench-….json... [--out FILE]

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { groupNames } from './groups/all.ts'
import { comparedSeconds } from './groups/rates.ts'
import { rootPath } from './lib/context.ts'
import { isCalm } from './lib/rows.ts'
import { formatSamples, formatTarget, formatValue, unitOf } from './lib/text.ts'
import {
  type BenchResult,
  benchSchema,
  type GroupResult,
  type Measurement,
  type Row,
} from './lib/types.ts'

if (import.meta.main) main(process.argv.slice(2))

function main(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: join(rootPath, 'docs/performance.md') } },
  })
  if (positionals.length === 0) {
    process.stderr.write('usage: node bench/report.ts results/bench-….json... [--out FILE]\n')
    process.exitCode = 2
    return
  }
  const results = positionals.map((path) => {
    const result = JSON.parse(readFileSync(path, 'utf8')) as BenchResult
    if (result.schema !== benchSchema) throw new Error(`${path}: not of schema ${benchSchema}`)
    return result
  })
  writeFileSync(values.out, reportText(results.reduce(joined)))
}

/** Two runs as one: what the later one has measured counts. */
function joined(earlier: BenchResult, later: BenchResult): BenchResult {
  const isLater = (name: string) => later.groups.some((group) => group.name === name)
  const kept = earlier.groups.filter(({ name }) => !isLater(name))
  const groups = [
    ...kept.map((group) => ({ commit: earlier.commit, ...group })),
    ...later.groups.map((group) => {
      const before = earlier.groups.find(({ name }) => name === group.name)
      return before === undefined ? group : { ...group, missedBefore: missedOf(before) }
    }),
  ]
  const place = ({ name }: GroupResult) => (groupNames as readonly string[]).indexOf(name)
  return {
    ...later,
    startedAt: earlier.startedAt,
    // A run that was interrupted lacks something of its last group only.
    isComplete: later.isComplete && (earlier.isComplete || isLater(earlier.groups.at(-1)!.name)),
    options: { ...later.options, only: groups.map(({ name }) => name) },
    groups: groups.toSorted((a, b) => place(a) - place(b)),
    measurements: [
      ...earlier.measurements.filter(({ group }) => !isLater(group)),
      ...later.measurements,
    ],
  }
}

function missedOf({ rows }: GroupResult): number {
  return rows.filter(({ verdict }) => verdict === 'missed').length
}

export function reportText(result: BenchResult): string {
  const parts = [
    '# Performance',
    introduction(result),
    '## In short',
    summary(result),
    ...result.groups.flatMap((group) => groupParts(group, result.measurements)),
    '## How it was measured',
    method(result),
    '## Machine and versions',
    machine(result),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function introduction({ startedAt, commit, isComplete, options, groups }: BenchResult): string {
  const { only } = options
  const missing = only.length === 0 ? [] : groupNames.filter((name) => !only.includes(name))
  const others = groups.filter((group) => group.commit !== undefined && group.commit !== commit)
  const again = groups.filter((group) => group.missedBefore !== undefined)
  const doubts = [
    ...(again.length === 0
      ? []
      : [
          `**Measured again, and only the later figures are here: ${again.map(againText).join(', ')}.**`,
        ]),
    ...(others.length === 0
      ? []
      : [`**Measured on another commit: ${others.map(commitText).join(', ')}.**`]),
    ...(isComplete ? [] : ['**The run was interrupted: this is a part.**']),
    ...(missing.length === 0 ? [] : [`**Not run: ${missing.join(', ')}.**`]),
    ...(options.quick ? ['**A quick run: the figures are rough.**'] : []),
  ]
  const what = `limitscope beside other load generators, measured on ${startedAt.slice(0, 10)} by \`npm run bench\` (commit ${commit}). This file is generated; change \`bench/\`, not the text.`
  return [what, ...doubts].join('\n\n')
}

function againText({ name, missedBefore }: GroupResult): string {
  return `${name} (${missedBefore} missed before)`
}

function commitText({ name, commit }: GroupResult): string {
  return `${name} (${commit})`
}

function summary({ groups, versions }: BenchResult): string {
  const rows = groups.flatMap((group) => group.rows)
  const wanted = rows.filter((row) => row.target !== null)
  const count = (verdict: Row['verdict']) => rows.filter((row) => row.verdict === verdict).length
  const lines = [
    `Targets: ${wanted.length}, of which met: ${count('met')}, missed: ${count('missed')}, not measured: ${wanted.filter((row) => row.verdict === 'not measured').length}. "Reached" is the median, with the least and the most in brackets; the verdict is about the median.`,
  ]
  const missed = rows.filter((row) => row.verdict === 'missed')
  if (missed.length > 0) {
    lines.push(`Missed:\n\n${missed.map((row) => `- ${row.what}: ${reached(row)}`).join('\n')}`)
  }
  const absent = versions.filter(({ version }) => version === null)
  if (absent.length > 0) {
    lines.push(`Absent: ${absent.map(({ name, note }) => `${name} (${note})`).join(', ')}.`)
  }
  return lines.join('\n\n')
}

function groupParts(group: GroupResult, all: readonly Measurement[]): readonly string[] {
  const measurements = all.filter((m) => m.group === group.name)
  return [
    `## ${group.title}`,
    group.how,
    table(
      ['What', 'Target', 'Reached', 'n', 'Verdict'],
      group.rows.map((row) => [
        row.what,
        formatTarget(row.target, row.unit),
        reached(row),
        String(row.samples.length),
        row.verdict,
      ]),
    ),
    figures(group, measurements),
    remarks(measurements),
    idleCoreText(group),
  ]
}

function idleCoreText({ idleCore }: GroupResult): string {
  if (!idleCore) return ''
  const { lostShare, gapMsMax } = idleCore
  return `Just before, the client's core, with nothing of ours on it, lost ${formatValue(lostShare, 'Share')} of its time, up to ${formatValue(gapMsMax, 'Ms')} at once.`
}

function reached({ samples, unit, note }: Row): string {
  const text = samples.length === 0 ? '' : formatSamples(samples, unit)
  return [text, note].filter((part) => part !== '').join('; ')
}

/** The figures behind the rows: medians per case and tool. */
function figures(group: GroupResult, measurements: readonly Measurement[]): string {
  const usable = measurements.filter((m) => m.isUsable)
  const keys = [...new Set(usable.map((m) => `${m.case}\n${m.tool}`))]
  if (keys.length === 0) return ''
  const columns = group.figures.filter(({ value }) =>
    usable.some((m) => typeof m.values[value] === 'number'),
  )
  const lines = keys.map((key) => {
    const [caseName = '', tool = ''] = key.split('\n')
    const runs = usable.filter((m) => m.case === caseName && m.tool === tool)
    const cells = columns.map(({ value }) =>
      formatSamples(
        runs.flatMap((m) => m.values[value] ?? []),
        unitOf(value),
      ),
    )
    const busy = runs.flatMap((m) => m.serverBusyShare ?? [])
    return [caseName, tool, ...cells, formatSamples(busy, 'Share')]
  })
  return table(['Case', 'Tool', ...columns.map(({ title }) => title), 'server busy'], lines)
}

/** Whatever was not as it should be, once each. */
function remarks(measurements: readonly Measurement[]): string {
  const counts = new Map<string, number>()
  for (const { tool, case: caseName, problems } of measurements) {
    for (const problem of problems) {
      const key = `${tool}, ${caseName}: ${problem.replace(/(?<![a-z\d])\d[\d.,]*/g, '…')}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  if (counts.size === 0) return ''
  const lines = [...counts].map(([text, n]) => `- ${text}${n > 1 ? ` (${n} runs)` : ''}`)
  return `Remarks:\n\n${lines.join('\n')}`
}

function method({ options, measurements, machine }: BenchResult): string {
  const repeated = measurements.filter((m) => m.attempts > 1).length
  const disturbed = measurements.filter((m) => !isCalm(m)).length
  const pinning =
    machine.cpus > 1
      ? 'The server has CPU 0 and the client CPU 1 to itself, over loopback; the bench stays on CPU 0.'
      : 'Server and client share the one CPU there is.'
  return `${pinning} Absolute figures of a shared machine change by half within minutes; so the tools take turns, limitscope runs directly before or after each of the others, and what counts is the ratio of neighbours. Each round begins with another tool. Rounds of the closed loop: ${options.rounds}, of ${options.seconds} s per run; of the open loop: ${Math.ceil(options.rounds / 2)}, of ${options.openSeconds} s (${comparedSeconds(options.openSeconds)} s beside others). Each run has a server of its own, freshly started: a responder of one thread in C (\`bench/servers\`) unless said otherwise. Start-up of the tools and their JIT compilation is in their figures.

Before each group a loop that only reads the clock has the client's core to itself for a few seconds: what it loses in gaps above 0.1 ms, the machine takes for itself and for others, and no tail is shorter.${options.calmShare == null ? '' : ` A group began when that was at most ${formatValue(options.calmShare, 'Share')}, or after five minutes of waiting (\`--calm\`).`}

Every run is checked: something was answered, nothing failed, the tool and the server counted the same. A run in which others took more than 18 % of one CPU is repeated once: of ${measurements.length} runs, ${repeated} had to be repeated for that or for a failure. Those that remained disturbed (${disturbed}) are left out of a row that has others.`
}

function machine({ machine: it, versions }: BenchResult): string {
  const what = `${it.cpu}, ${it.cpus} CPUs, ${formatValue(it.memoryBytes, 'Bytes')} of memory, ${it.system}, Linux ${it.kernel}, Node.js ${it.node}.`
  const lines = versions.map(({ name, version, note }) => [name, version ?? `absent: ${note}`])
  return `${what}\n\n${table(['Tool', 'Version'], lines)}`
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...lines.map(line)].join('\n')
}
