// For tests: the run of a target that puts markup, escape sequences and formulas wherever it may
// write, and says something else each time it fails.

import type { Outcome } from '../core/record.ts'
import { requestRecord } from './requestRecords.ts'
import { cheap, laneNamed, phase, plan, scenario } from './simulate.ts'
import { madeUp, storeSimulation } from './storedRuns.ts'

/** Sets `globalThis.hacked` where it is run, and loads from a host where it is not inert. */
export const hostileTexts: readonly string[] = [
  '<img src="http://evil.invalid/x.png" onerror="hacked=1">',
  '</script><script>hacked=1</script>',
  '"><svg/onload=hacked=1>',
  "' onmouseover='hacked=1",
  '<!--',
  ']]><failure message="forged"/>',
  '&lt;b&gt; &#x41;',
  '\u001b[31mred\u001b[0m\u001b]0;title\u0007',
  '=HYPERLINK("http://evil.invalid","x")',
  '@SUM(1+1)*cmd|" /C calc"!A0',
  '| a | b |\n| --- |',
  '[click](javascript:hacked=1) `code` **bold**',
  '::error::forged',
  '\u202eevil\u200b\ufeff\ud800\uffff\u0000',
]

const text = (i: number) => hostileTexts[i % hostileTexts.length]!
const letters = (i: number) => [...String(i)].map((d) => String.fromCharCode(97 + +d)).join('')

/** Ten thousand requests in ten seconds; resolves with the folder of the run. */
export function storeHostileRun(): Promise<string> {
  const kinds: Outcome[] = ['ok', 'ok', 'limited', 'failed', 'failed', 'broken']
  const records = Array.from({ length: 10_000 }, (_, i) => {
    const outcome = kinds[i % kinds.length]!
    const isLimited = outcome === 'limited'
    return requestRecord({
      seq: i + 1,
      scenario: 'hostile',
      phase: 'hostile',
      lane: text(0),
      shape: text(1),
      intendedUs: i * 1000,
      sentUs: i * 1000,
      endUs: i * 1000 + 500 + (i % 900),
      outcome,
      status: outcome === 'ok' ? 200 : isLimited ? 429 : outcome === 'failed' ? 500 : null,
      limiter: isLimited ? text(i) : null,
      confidence: isLimited ? 'named' : null,
      error: outcome === 'ok' ? null : `${text(i)} ${letters(i)}`,
    })
  })
  const own = plan({
    runId: 'hostile',
    lanes: [{ ...laneNamed(text(0)), tier: 'free' }],
    shapes: [{ ...cheap, name: text(1), model: text(2) }],
    scenarios: [
      {
        ...scenario('hostile', phase({ name: 'hostile', lanes: [text(0)] })),
        title: text(3),
        expectations: ['first(hostile).limiter == none', 'share(ok) > 99%'],
      },
    ],
  })
  const progress = [
    {
      us: 5e6,
      scenario: 'hostile',
      phase: 'hostile',
      state: 'measure',
      share: null,
      endsUs: null,
      inFlight: 1,
      planned: 1,
      sent: 1,
      unsent: 0,
      ended: 1,
      offeredPerS: null,
      gauges: [
        { lane: text(0), limiter: text(2), unit: 'requests', used: 1, limit: 2, resetUs: 0 },
      ],
    },
  ] as const
  return storeSimulation({ ...madeUp(records), progress: [...progress] }, { plan: own })
}
