import { expect, test } from 'vitest'
import type { LimiterSummary } from '../analysis/result.ts'
import { FindingsFold } from '../recording/findings.ts'
import { requestRecord } from '../testing/requestRecords.ts'
import { phase, plan, scenario } from '../testing/simulate.ts'
import { factTable, retryAfterText } from './facts.ts'

/** A rejection at 1 s that asks for 10 s, polled at these seconds until one is admitted. */
function honesty(pollsS: readonly number[], admittedS: number | null, retryAfterS: number | null) {
  const fold = new FindingsFold(plan({ scenarios: [scenario('s', phase({ name: 'p' }))] }))
  const retryAfterUs = retryAfterS === null ? null : retryAfterS * 1e6
  const at = (second: number) => {
    const sentUs = second * 1e6
    return { scenario: 's', phase: 'p', intendedUs: sentUs, sentUs, endUs: sentUs + 1000 }
  }
  for (const second of [1, ...pollsS]) {
    const limited = { outcome: 'limited', limiter: 'l', confidence: 'named' } as const
    fold.add(requestRecord({ ...at(second), ...limited, retryAfterUs }))
  }
  if (admittedS !== null) fold.add(requestRecord(at(admittedS)))
  return retryAfterText(fold.all()[0] as LimiterSummary)
}

test.each([
  ['not sent', [5], 11, null],
  ['10 s: not tested', [5], null, 10],
  ['10 s: kept', [5, 9], 11.5, 10],
  ['10 s: too long, admitted 5 s before', [3], 6, 10],
  ['10 s: too short, 2 rejected after waiting', [5, 12, 14], 21, 10],
] as const)('Retry-After is judged by what came after: %s', (text, polls, admitted, asked) => {
  expect(honesty(polls, admitted, asked)).toBe(text)
})

test('tables are bounded, and say how much more there was', () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => [`name ${i}`, '\u001b[31mx'.repeat(500)])
  const { rows: shown } = factTable('t', ['name:name', 'text:text'], rows)
  expect(shown).toHaveLength(201)
  expect(shown.at(-1)).toEqual(['and 9,800 more', ''])
  expect(shown[0]![1]).toHaveLength(400)
  expect(shown[0]![1]).not.toContain('\u001b')
})
