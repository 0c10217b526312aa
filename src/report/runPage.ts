// `report.html`: everything about one run, for people.

import type { RunSummary } from '../analysis/result.ts'
import { verdictOf } from '../analysis/verdict.ts'
import { formatInteger, formatShare, formatSpan } from '../core/format.ts'
import type { Manifest } from '../recording/manifest.ts'
import type { Timeline } from '../recording/timelineFile.ts'
import { type Chart, figureOf, table } from './chart.ts'
import {
  checkFacts,
  errorFacts,
  type FactColumn,
  type FactTable,
  factTable,
  healthFacts,
  limiterFacts,
  seriesFacts,
  valueFacts,
} from './facts.ts'
import { type Html, html } from './html.ts'
import { pageText } from './page.ts'
import { type Baseline, runCharts } from './runCharts.ts'

export interface RunReport {
  readonly summary: RunSummary
  readonly manifest: Manifest
  /** Null where the run has left none. */
  readonly timeline: Timeline | null
  readonly baseline: Baseline | null
}

/** The text of the page; bounded, however long the run was. */
export function runPage(report: RunReport): string {
  const { summary, timeline, baseline } = report
  const charts = timeline === null ? [] : runCharts(timeline, summary, baseline)
  const title = `${verdictOf(summary).word} ${summary.runId} · limitscope`
  return pageText({ title, charts, body: body(report, charts) })
}

function body({ summary, manifest }: RunReport, charts: readonly Chart[]): Html {
  return html`${banner(summary)}
<main id="content">
${section('limiters', 'Limiters', limiterFacts(summary))}
${section('checks', 'Expectations', checkFacts(summary))}
<h2 id="charts-of-the-run">Over time</h2>
${charts.length === 0 ? html`<p>The run has left no timeline.</p>` : charts.map(figureOf)}
${section('requests', 'Requests', seriesFacts(summary))}
${section('errors', 'Errors', errorFacts(summary))}
${captured(valueFacts(summary))}
${generator(summary)}
${environment(manifest)}
</main>
<footer>Made by limitscope ${manifest.limitscope}. Times are from the run's start, ${manifest.epoch}. This file loads nothing.</footer>`
}

const contents = [
  ['limiters', 'Limiters'],
  ['checks', 'Expectations'],
  ['charts-of-the-run', 'Over time'],
  ['requests', 'Requests'],
  ['errors', 'Errors'],
  ['generator', 'Generator'],
  ['environment', 'Environment'],
] as const

function banner(summary: RunSummary): Html {
  const { word, why } = verdictOf(summary)
  const { counts, health } = summary
  const sent = Object.values(counts).reduce((sum, count) => sum + count, 0) - counts.unsent
  const errors = sent - counts.ok - counts.limited
  const facts: [string, string][] = [
    ['duration', formatSpan(summary.durationUs)],
    ['sent', formatInteger(sent)],
    ['ok', `${formatInteger(counts.ok)} (${formatShare(counts.ok / sent)})`],
    ['limited', `${formatInteger(counts.limited)} (${formatShare(counts.limited / sent)})`],
    ['errors', formatInteger(errors)],
    ['not sent', formatInteger(counts.unsent)],
    ['generator', health.verdict],
    ['seed', String(summary.seed)],
  ]
  return html`<header>
<h1>${titleOf(summary)}</h1>
<p>${summary.runId} · ${summary.target} · ${summary.startedAt}</p>
<div class="verdict ${word}" role="status"><strong>${word}</strong> ${why === '' ? sentence(summary) : why}</div>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<nav aria-label="Contents"><ul>${contents.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>`
}

/** Its scenarios, where they are few. */
function titleOf({ scenarios, runId }: RunSummary): string {
  const names = scenarios.map(({ name }) => name)
  if (names.length <= 4) return names.join(', ') || runId
  return `${names.length} scenarios: ${names[0]} … ${names.at(-1)}`
}

/** What a passed run has shown. */
function sentence({ scenarios }: RunSummary): string {
  const checks = scenarios.reduce((sum, { checks }) => sum + checks.length, 0)
  return checks === 0 ? 'nothing was expected of this run' : `all ${checks} expectations hold`
}

function section(id: string, title: string, facts: FactTable): Html {
  return html`<h2 id="${id}">${title}</h2>
${facts.rows.length === 0 ? html`<p>None.</p>` : tableOf(facts)}`
}

function captured(facts: FactTable): Html | null {
  return facts.rows.length === 0 ? null : section('captured', facts.title, facts)
}

function tableOf({ title, columns, rows }: FactTable): Html {
  return table(
    title,
    columns.map(({ title, kind }) => ({ title, isNumber: kind === 'number' })),
    rows.map((row) => row.map((cell, i) => cellOf(cell, columns[i]!.kind))),
  )
}

function cellOf(cell: string, kind: FactColumn['kind']): Html | string {
  if (kind === 'verdict') return html`<span class="${cell}">${cell}</span>`
  return kind === 'text' ? html`<span class="text">${cell}</span>` : cell
}

function generator(summary: RunSummary): Html {
  const { verdict, reasons } = summary.health
  const advice = {
    VALID: 'Nothing speaks against these figures.',
    SUSPECT: 'Take these figures with care:',
    INVALID: 'Do not trust these figures:',
  }[verdict]
  return html`<h2 id="generator">Generator: ${verdict}</h2>
<p>${advice}</p>
${reasons.length > 0 && html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`}
${tableOf(healthFacts(summary))}`
}

/** Characters of the plan that are shown: a replayed trace may have a million instants. */
const planCharactersMax = 60_000

function environment(manifest: Manifest): Html {
  const { host, plan } = manifest
  const rows: [string, string][] = [
    ['run', manifest.runId],
    ['seed', String(manifest.seed)],
    ['plan', manifest.planHash],
    ['target', manifest.target],
    ['limitscope', manifest.limitscope],
    ['Node.js', manifest.node],
    ['system', host.system],
    ['CPU', `${host.cores} × ${host.cpu}`],
    ['memory', `${(host.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ['pacing', manifest.pacing],
    ['command', manifest.argv.join(' ')],
    ...manifest.warnings.map((warning): [string, string] => ['warning', warning]),
  ]
  const text = JSON.stringify(plan, null, 2)
  const isCut = text.length > planCharactersMax
  return html`<h2 id="environment">Environment</h2>
${tableOf(factTable('Environment', ['name:what', 'text:value'], rows))}
<details><summary>The plan, without credentials</summary>
<pre tabindex="0">${text.slice(0, planCharactersMax)}${isCut && '\n… the rest is in manifest.json'}</pre></details>`
}
