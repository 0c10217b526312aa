// One frame of a profile's live view: hypotheses and their odds, what is asked next and why, what has
// been spent. A pure function of what happened.

import { formatInstant } from '../../core/format.ts'
import type { Outcome } from '../../core/record.ts'
import type { HypothesisView, ProfileSnapshot } from '../../profile/contract.ts'
import { intervalTexts } from '../../profile/wording.ts'
import { barRow } from '../charts.ts'
import { foldText } from '../fold.ts'
import { drawGrid, type Section } from '../grid.ts'
import { type KeyHelp, withHelp } from '../help.ts'
import { columnsMin, rowsMin } from '../layout.ts'
import {
  accent,
  cleanText,
  cutRow,
  cutText,
  dim,
  fitRow,
  joinRows,
  plain,
  type Row,
  strong,
  type Tone,
  warn,
} from '../row.ts'
import type { ScreenSize } from '../screen.ts'
import { paintRow, type Style } from '../style.ts'
import { layTable } from '../table.ts'
import { countText, movingSpan } from '../values.ts'
import type { ViewState } from '../viewState.ts'
import type { ProfileWatch } from './watch.ts'

/** Lines of the screen: never more than `rows`, never wider than `columns`. */
export function drawProfile(
  watch: ProfileWatch,
  size: ScreenSize,
  view: ViewState,
  style: Style,
): string[] {
  const rows = rowsOf(watch, size, view).slice(0, Math.max(0, size.rows))
  return rows.map((row) => paintRow(cutRow(row, size.columns), style))
}

/** The whole profile in one line, for screens that are too small and for logs. */
export function profileLine(watch: ProfileWatch): string {
  const { snapshot, elapsedUs, requests, budget } = watch
  const spent = `${countText(requests)} of ${countText(budget.requestsMax)} requests`
  const best = snapshot?.hypotheses[0]
  const parts = [
    `${movingSpan(elapsedUs)}  ${snapshot?.stage ?? 'starting'}`,
    spent,
    snapshot?.limiter == null ? '' : `limiter ${cleanText(snapshot.limiter)}`,
    best === undefined ? '' : `${best.title} ${oddsText(best.odds)}`,
    snapshot?.next == null ? '' : `next: ${cleanText(snapshot.next.what)}`,
  ]
  return parts.filter((part) => part !== '').join(' | ')
}

const keys: KeyHelp = {
  keys: [
    ['q, Ctrl-C', 'stop, and tell what is known'],
    ['again', 'stop at once, drop what is in flight'],
    ['l', 'log in full height, and back'],
    ['esc', 'back'],
    ['Ctrl-L', 'draw the screen anew'],
    ['?', 'this help'],
  ],
  notes: ['Odds are posterior, among the algorithms still in question.'],
}

function rowsOf(watch: ProfileWatch, size: ScreenSize, view: ViewState): Row[] {
  const { columns, rows } = size
  if (columns < columnsMin || rows < rowsMin) {
    const need = `needs ${columnsMin}×${rowsMin}`
    return [[warn(`Terminal too small (${columns}×${rows}, ${need})`)], [dim(profileLine(watch))]]
  }
  const sections = sectionsOf(watch, size, view)
  const drawn = drawGrid(sections, footerOf(view), columns)
  return view.isHelpShown ? withHelp(drawn, columns, keys) : drawn
}

/** The log takes what the others leave. */
function sectionsOf(watch: ProfileWatch, size: ScreenSize, view: ViewState): Section[] {
  const inner = size.columns - 4
  const { snapshot } = watch
  const header = section({ ...titlesOf(watch, inner), rows: statusRows(watch, inner) })
  const found = (snapshot?.found ?? []).slice(-foundShown)
  // Borders, status, next probe, a line of the log, and what has been found.
  const taken = 12 + (found.length === 0 ? 0 : found.length + 1)
  const hypotheses = Math.max(1, Math.min(hypothesesShown, size.rows - taken))
  const isLogOnly = view.maximised === 'events'
  const middle = isLogOnly
    ? []
    : [
        section({
          title: hypothesesTitle(snapshot),
          rows: hypothesisRows(snapshot, inner).slice(0, hypotheses),
        }),
        section({ title: [strong('NEXT')], rows: nextRows(snapshot, inner) }),
        ...(found.length === 0 ? [] : [foundSection(found, inner)]),
      ]
  const used = [header, ...middle].reduce((sum, { rows }) => sum + rows + 1, 0)
  const logRows = Math.max(1, size.rows - used - 2)
  const log = section({ title: [accent('l'), strong(' LOG')], rows: logRowsOf(watch, inner) })
  return [header, ...middle, { panes: [tail(log, logRows)], rows: logRows }]
}

function section(pane: Section['panes'][0]): Section {
  return { panes: [pane], rows: pane.rows.length }
}

function tail({ panes: [pane] }: Section, count: number): Section['panes'][0] {
  return { ...pane, rows: pane.rows.slice(-count) }
}

function titlesOf({ target, elapsedUs }: ProfileWatch, columns: number) {
  const elapsed = movingSpan(elapsedUs)
  const place = cutText(cleanText(target), Math.max(4, columns - elapsed.length - 26))
  return {
    title: [strong('limitscope'), plain('  '), dim('profile')],
    note: [plain(place), plain('  '), strong(elapsed)],
  }
}

/** What is spent of the budget, the way so far, and the newest answers. */
function statusRows(watch: ProfileWatch, columns: number): Row[] {
  const { requests, tokens, elapsedUs, budget } = watch
  const gauge = (label: string, used: number, most: number, text: string): Row => [
    dim(`${label} `),
    ...barRow(most > 0 ? used / most : 0, 10, used > most * 0.8 ? 'warn' : 'accent'),
    plain(` ${text}`),
  ]
  const of = (used: number, most: number) => `${countText(used)} of ${countText(most)}`
  const spent = [
    gauge('requests', requests, budget.requestsMax, of(requests, budget.requestsMax)),
    ...(budget.tokensMax === null
      ? [[dim('tokens '), plain(countText(tokens))]]
      : [gauge('tokens', tokens, budget.tokensMax, of(tokens, budget.tokensMax))]),
    gauge(
      'time',
      elapsedUs,
      budget.durationUsMax,
      `${movingSpan(elapsedUs)} of ${movingSpan(budget.durationUsMax)}`,
    ),
  ]
  return [joinRows(spent, plain('   ')), stageRow(watch.snapshot), answersRow(watch, columns)]
}

const stages = ['look', 'exhaust', 'tell apart', 'verify', 'sustain', 'scope', 'done'] as const

function stageRow(snapshot: ProfileSnapshot | null): Row {
  const rows = stages.map((stage): Row => {
    return stage === snapshot?.stage ? [strong(`[${stage}]`)] : [dim(stage)]
  })
  return joinRows(rows, dim(' › '))
}

const marks: Readonly<Record<Outcome, { readonly mark: string; readonly tone: Tone }>> = {
  ok: { mark: '●', tone: 'good' },
  limited: { mark: '✗', tone: 'bad' },
  refused: { mark: '!', tone: 'warn' },
  failed: { mark: '!', tone: 'warn' },
  timeout: { mark: '…', tone: 'warn' },
  broken: { mark: '╳', tone: 'warn' },
  aborted: { mark: '·', tone: 'dim' },
  unsent: { mark: '·', tone: 'dim' },
}

function answersRow({ answers }: ProfileWatch, columns: number): Row {
  const label = dim('answers  ')
  const newest = answers.slice(-(columns - label.text.length))
  if (newest.length === 0) return [label, dim('none yet')]
  return [
    label,
    ...newest.map((outcome) => marks[outcome]).map(({ mark, tone }) => ({ text: mark, tone })),
  ]
}

function hypothesesTitle(snapshot: ProfileSnapshot | null): Row {
  const about = snapshot?.limiter == null ? '' : ` about ${cleanText(snapshot.limiter)}`
  return [strong('HYPOTHESES'), dim(about)]
}

const hypothesesShown = 6
const foundShown = 2

function hypothesisRows(snapshot: ProfileSnapshot | null, columns: number): Row[] {
  const shown = (snapshot?.hypotheses ?? []).slice(0, hypothesesShown)
  if (shown.length === 0) return [[dim('none yet: nothing has been rejected')]]
  const tone = (i: number): Tone => (i === 0 ? 'good' : 'accent')
  const table = layTable(
    [
      {
        name: 'title',
        cells: shown.map(({ title }, i) => [i === 0 ? strong(title) : plain(title)]),
      },
      {
        name: 'odds',
        cells: shown.map(({ odds }, i) => [
          ...barRow(odds, 8, tone(i)),
          plain(` ${oddsText(odds).padStart(6)}`),
        ]),
      },
      {
        name: 'parameters',
        columnsMin: 12,
        columnsMax: 200,
        draw: (i, width) => cutRow(parametersOf(shown[i]!), width),
      },
    ],
    { count: shown.length, width: columns, gap: 2 },
  )
  return table.rows.map((row) => fitRow(row, columns))
}

function parametersOf({ intervals }: HypothesisView): Row {
  return joinRows(
    intervalTexts(intervals).map((text) => [plain(text)]),
    dim(' · '),
  )
}

/** '97.3 %'; what is nearly sure is not rounded to sure. */
function oddsText(odds: number): string {
  if (odds > 0.999 && odds < 1) return '>99.9 %'
  if (odds < 0.001 && odds > 0) return '<0.1 %'
  return `${(odds * 100).toFixed(1)} %`
}

function nextRows(snapshot: ProfileSnapshot | null, columns: number): Row[] {
  const next = snapshot?.next ?? null
  if (next === null) return [[dim('nothing')], []]
  const wait = next.waitUs > 100_000 ? `, after ${movingSpan(next.waitUs)}` : ''
  const cost = ` (${countText(next.requestsExpected)} requests${wait})`
  return [
    [strong(cutText(cleanText(next.what), columns - cost.length)), dim(cost)],
    [dim('because '), plain(cutText(cleanText(next.why), columns - 8))],
  ]
}

function foundSection(found: readonly string[], columns: number): Section {
  const rows = found.map((text): Row => [strong(cutText(cleanText(text), columns))])
  return section({ title: [strong('FOUND')], rows })
}

const timeColumns = 11

function logRowsOf({ notes }: ProfileWatch, columns: number): Row[] {
  if (notes.length === 0) return [[dim('nothing has happened yet')]]
  return notes
    .slice(-200)
    .flatMap(({ atUs, text }) =>
      foldText(cleanText(text), columns - timeColumns).map(
        (line, i): Row => [
          dim((i === 0 ? formatInstant(atUs) : '').padStart(timeColumns - 1)),
          plain(` ${line}`),
        ],
      ),
    )
}

function footerOf({ stops, maximised }: ViewState): Row {
  if (stops === 2) return [warn('stopping at once')]
  if (stops === 1) return [warn('stopping: telling what is known; again to stop at once')]
  const entries = [
    ...(maximised === 'events' ? [['esc', 'back']] : []),
    ['q', 'stop'],
    ['l', 'log'],
    ['?', 'help'],
  ]
  return joinRows(
    entries.map(([key, text]): Row => [accent(key!), dim(` ${text}`)]),
    dim(' · '),
  )
}
