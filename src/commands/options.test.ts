import { expect, test } from 'vitest'
import { defaulted, duration, repeatable, share } from './options.ts'

test('a share is a percentage or a fraction; what could be either is refused', () => {
  expect(['1.5%', '0.015', '100%', '0'].map(share)).toEqual([0.015, 0.015, 1, 0])
  for (const text of ['1', '2', '150%', '-1%', '', 'half']) {
    expect(() => share(text), text).toThrow(/expected a share/)
  }
})

test('the help shows a default as it is typed', () => {
  const step = defaulted(['--step <duration>', 'shortest step'], duration, '30s')
  expect([step.defaultValue, step.defaultValueDescription]).toEqual([30_000_000, '30s'])
  expect(repeatable('--slo <statement>', 'promise').defaultValueDescription).toBe('none')
})
