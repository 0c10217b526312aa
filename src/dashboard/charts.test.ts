import { expect, test } from 'vitest'
import { barRow, columnChart, edgesCaption, mergeNeighbours } from './charts.ts'
import type { Row } from './row.ts'

const textOf = (row: Row) => row.map(({ text }) => text).join('')

test('a bar is as long as its share, and something is never drawn as nothing', () => {
  expect(textOf(barRow(0.5, 10, 'good'))).toBe('━━━━━─────')
  expect(textOf(barRow(0.001, 10, 'good'))).toBe('╸─────────')
  expect(textOf(barRow(0, 10, 'good'))).toBe('──────────')
  expect(textOf(barRow(1.7, 10, 'good'))).toBe('━━━━━━━━━━')
})

test('merging neighbours keeps the sum', () => {
  expect(mergeNeighbours([1, 2, 3, 4, 5], 3)).toEqual([3, 7, 5])
  expect(mergeNeighbours([1, 2], 3)).toEqual([1, 2])
})

test('a chart has a scale, columns from zero, an axis and a caption', () => {
  const chart = {
    values: [1, 4, 2, 0],
    maxText: '4',
    columnWidthMax: 3,
    caption: edgesCaption(['0', '1', '2', '3', '4']),
  }
  const rows = columnChart(chart, { columns: 30, rows: 6 }).map(textOf)
  expect(`\n${rows.join('\n')}\n`).toMatchInlineSnapshot(`
    "
        4 ┤   ██       
          │   ██       
          │   ██ ██    
          │██ ██ ██    
        0 └────────────
           0  1  2  3  4
    "
  `)
})

test('a caption names every second edge when there is no room for all', () => {
  const edges = ['1.13 ms', '1.6 ms', '2.26 ms', '3.2 ms', '4.53 ms', '6.4 ms']
  expect(edgesCaption(edges)(5, 40)).toBe('     1.6 ms    3.2 ms    6.4 ms')
})
