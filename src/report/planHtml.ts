// A forecast as an HTML page: per tier what is carried, which limiter binds and what it costs.

import type { Forecast, TierForecast } from '../capacity/forecast/forecast.ts'
import { formatCount, formatInteger, formatRate, formatShare, formatSpan } from '../core/format.ts'
import { describeLimiter } from '../limiters/models.ts'
import { type ChartColour, type ChartX, figureOf, type LineChart, table } from './chart.ts'
import { type Html, html } from './html.ts'
import { pageText } from './page.ts'
import { backtestLines, limitLine, type PlanTextParts, rangeText } from './planText.ts'

/** The page of a forecast. */
export function planHtml(parts: Omit<PlanTextParts, 'folder'>): string {
  const { spec, forecast, measured } = parts
  const charts = [carriedChart(forecast), bindingChart(forecast)]
  const body = html`<header><h1>Plan</h1>
<p>${forecast.futures} futures of ${formatSpan(spec.horizonUs)}, seed ${spec.seed}; ranges are P10 to P90.</p></header>
<main id="content">
<h2>Tiers</h2>
${tiersTable(forecast)}
${measured !== null && backtestOf(forecast, measured)}
<h2>Who is carried, and what binds</h2>
${charts.map(figureOf)}
<h2>Limits of a key</h2>
${limitsList(parts)}
</main>`
  return pageText({ title: 'Plan', body, charts })
}

function tiersTable({ tiers, total }: Forecast): Html {
  const titles = ['tier', 'keys', 'offered', 'carried', 'tokens/s', 'rejected', 'costs an hour']
  const columns = titles.map((title, i) => ({ title, isNumber: i > 0 }))
  const row = (name: string, one: Forecast['total']) => [
    name,
    formatInteger(one.keys),
    rangeText(one.offeredPerS, formatRate),
    rangeText(one.carriedPerS, formatRate),
    rangeText(one.tokensPerS, formatCount),
    rangeText(one.rejectedShare, formatShare),
    rangeText(one.usdPerHour, (usd) => `$${formatCount(usd)}`),
  ]
  return table('Tiers', columns, [...tiers.map((tier) => row(tier.name, tier)), row('all', total)])
}

function tierAxis(tiers: readonly TierForecast[]): ChartX {
  const labels = tiers.map(({ name }) => name)
  return { kind: 'labels', title: 'tier', values: labels.map((_, i) => i), labels }
}

function carriedChart({ tiers }: Forecast): LineChart {
  const carried = tiers.map(({ carriedPerS }) => carriedPerS.p50)
  const rejected = tiers.map(({ offeredPerS }, i) => Math.max(0, offeredPerS.p50 - carried[i]!))
  return {
    kind: 'stack',
    id: 'carried',
    title: 'Offered, of which carried',
    note: 'Medians of the futures; how far they spread is in the table above.',
    x: tierAxis(tiers),
    unit: 'perS',
    series: [
      { label: 'rejected', colour: 'limited', values: rejected },
      { label: 'carried', colour: 'ok', values: carried },
    ],
    marks: [],
  }
}

const colours: readonly ChartColour[] = ['c2', 'c3', 'c4', 'c5', 'c6', 'c1']

function bindingChart({ tiers }: Forecast): LineChart {
  const names = [...new Set(tiers.flatMap(({ binding }) => Object.keys(binding)))]
  const limiters = names.filter((name) => name !== 'none')
  const shares = (name: string) => tiers.map(({ binding }) => binding[name] ?? 0)
  return {
    kind: 'stack',
    id: 'binding',
    title: 'Which limiter binds',
    note: 'Share of the futures in which it rejects most.',
    x: tierAxis(tiers),
    unit: 'share',
    series: [
      { label: 'no limiter', colour: 'ok', values: shares('none') },
      ...limiters.map((name, i) => {
        return { label: name, colour: colours[i % colours.length]!, values: shares(name) }
      }),
    ],
    marks: [],
  }
}

function limitsList({ spec, limits }: Omit<PlanTextParts, 'folder'>): Html[] {
  return spec.tiers.map((tier, t) => {
    const lines = tier.limiters.map((one, i) => {
      return limitLine(describeLimiter(one), limits[t]!.limits[i]!).trim()
    })
    return html`<h3>${tier.name}</h3>
<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`
  })
}

function backtestOf(forecast: Forecast, measured: NonNullable<PlanTextParts['measured']>): Html {
  const [title, ...lines] = backtestLines(forecast, measured)
  return html`<p>${title}</p>
<ul>${lines.map((line) => html`<li>${line.trim()}</li>`)}</ul>`
}
