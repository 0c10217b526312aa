import { describe, expect, test } from 'vitest'
import { classes } from './classes.ts'
import { exactFit, type Fit } from './fit.ts'
import { posterior } from './posterior.ts'

const at = { limit: 20, spanUs: 1e6, phaseUs: 0, step: 1 }

const fitOf = (id: string, of: Partial<Fit> = {}): Fit => ({
  ...exactFit(classes.find((each) => each.id === id)!, at),
  ...of,
})

const oddsOf = (id: string, fits: readonly Fit[]) =>
  posterior(fits).find(({ fit }) => fit.of.id === id)!.odds

describe('posterior odds', () => {
  test('are even where classes explain all alike', () => {
    expect(oddsOf('log', [fitOf('log'), fitOf('window-first')])).toBeCloseTo(0.5)
  })

  test('fall with each coincidence that an explanation takes', () => {
    const odds = [0, 1, 4].map((coincidences) =>
      oddsOf('log', [fitOf('log', { coincidences }), fitOf('window-first')]),
    )
    expect(odds).toEqual([...odds].sort((a, b) => b - a))
    expect(new Set(odds).size).toBe(3)
  })

  test('take any number of coincidences for less than one answer that is not explained', () => {
    const fits = [fitOf('log', { coincidences: 1_000 }), fitOf('window-first', { mismatches: 1 })]
    expect(posterior(fits)[0]!.fit.of.id).toBe('log')
  })

  test('are settled by coincidences alone where there are many', () => {
    const fits = [fitOf('bucket'), fitOf('bucket-lossy', { coincidences: 60 })]
    expect(oddsOf('bucket', fits)).toBeGreaterThan(0.99)
  })
})
