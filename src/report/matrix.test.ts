import { expect, test } from 'vitest'
import type { RunSummary } from '../analysis/result.ts'
import type { CheckVerdict } from '../core/check.ts'
import { matrixMarkdown, matrixTable, matrixText, verdictMatrix } from './matrix.ts'

function summary(verdict: CheckVerdict): RunSummary {
  const check = { statement: 's', verdict, actual: '', reason: '' }
  const skipped = verdict === 'skipped' ? 'VLLM_BACKEND_URL is not set' : null
  const scenarios = [{ name: 'router/paris', skipped, checks: [check] }]
  return { runId: `run-${verdict}`, scenarios } as unknown as RunSummary
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
  expect(matrixText(verdictMatrix(runs, interpretations), false)).toBe(
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
  expect(matrixText(verdictMatrix(runs, interpretations), false).split('\n')[1]).toBe(
    'router/paris  passed      skipped',
  )
})

test('the same as Markdown and as rows', () => {
  const runs = [
    { profile: 'mock', summary: summary('passed') },
    { profile: 'real', summary: summary('failed') },
  ]
  const matrix = verdictMatrix(runs, interpretations)
  const says = 'CRITICAL! Real integration issue detected.'
  expect(matrixMarkdown(matrix)).toBe(
    `| scenario | mock | real | means |\n| --- | --- | --- | --- |\n| \`router/paris\` | passed | failed | ${says} |`,
  )
  expect(matrixTable(matrix).rows).toEqual([
    ['router/paris', 'mock', 'run-passed', 'passed', says],
    ['router/paris', 'real', 'run-failed', 'failed', says],
  ])
})
