import { Counter, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { sumOfMetric } from './prometheus.ts'

test('sums up what prom-client writes, by labels', async () => {
  const registers = [new Registry()]
  const asked = new Counter({
    name: 'asked_total',
    help: 'x',
    labelNames: ['path', 'code'],
    registers,
  })
  asked.inc({ path: '/a "quoted", \\ and }', code: '200' }, 2)
  asked.inc({ path: '/b', code: '200' }, 3)
  asked.inc({ path: '/b', code: '429' })
  const took = new Histogram({ name: 'took', help: 'x', labelNames: ['path'], registers })
  took.observe({ path: '/a' }, 0.5)
  took.observe({ path: '/b' }, 1.5)
  const text = await registers[0]!.metrics()
  expect(sumOfMetric(text, 'asked_total', {})).toBe(6)
  expect(sumOfMetric(text, 'asked_total', { code: '200' })).toBe(5)
  expect(sumOfMetric(text, 'asked_total', { path: '/a "quoted", \\ and }' })).toBe(2)
  expect(sumOfMetric(text, 'took_count', {})).toBe(2)
  expect(sumOfMetric(text, 'took_sum', { path: '/b' })).toBe(1.5)
  expect(sumOfMetric(text, 'took_bucket', { le: '+Inf' })).toBe(2)
})

test.each([
  ['asked 3 1700000000', 3],
  ['asked{} +Inf', Number.POSITIVE_INFINITY],
  ['# asked 3', undefined],
  ['asked_total 3', undefined],
  ['<!doctype html><title>asked 3</title>', undefined],
  ['asked three', undefined],
])('reads %j as %s', (text, sum) => {
  expect(sumOfMetric(text, 'asked', {})).toBe(sum)
})
