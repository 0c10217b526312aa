import { expect, test } from 'vitest'
import type { RunSummary } from '../analysis/result.ts'
import type { CheckVerdict } from '../core/check.ts'
import { matrixText } from './matrixText.ts'

function summary(verdict: CheckVerdict): RunSummary {
  const check = { statement: 's', verdict, actual: '', reason: '' }
  const skipped = verdict === 'skipped' ? 'VLLM_BACKEND_URL is not set' : null
  const scenarios = [{ name: 'router/paris', skipped, checks: [check] }]
  return { scenarios } as unknown as RunSummary
}

const interpretations = [
  { when: { mock: 'passed', real: 'passed' }, says: 'All good! Safe to deploy.' },
  { when: { mock: 'passed', real: 'failed' }, says: 'CRITICAL! Real integration issue detected.' },
  { when: { mock: 'failed' }, says: 'Logic error in API router.' },
]

test.each([
  ['passed', 'passed', 'All good! Safe to deploy.'],
  ['passed', 'failed', 'CRITICAL! Real integration issue detected.'],
  ['failed', 'passed', 'Logic error in API router.'],
  ['failed', 'failed', 'Logic error in API router.'],
] as const)('mock %s and real %s: %s', (mock, real, says) => {
  const runs = [
    { profile: 'mock', summary: summary(mock) },
    { profile: 'real', summary: summary(real) },
  ]
  expect(matrixText(runs, interpretations, false)).toBe(
    [
      'scenario      mock        real',
      `router/paris  ${mock.padEnd(10)}  ${real}`,
      `  ${says}`,
    ].join('\n'),
  )
})

test('what was skipped means nothing', () => {
  const runs = [
    { profile: 'mock', summary: summary('passed') },
    { profile: 'real', summary: summary('skipped') },
  ]
  expect(matrixText(runs, interpretations, false).split('\n')[1]).toBe(
    'router/paris  passed      skipped',
  )
})
