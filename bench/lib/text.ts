// Figures as text: the unit is in the name of the value.

import { formatCount, formatRate, formatShare, formatSpan } from '../../src/core/format.ts'
import { median, range } from './statistics.ts'
import type { Target, Unit } from './types.ts'

/** A value in the unit of its name: 'p99Us' → '3.28 ms'. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return `${value.toFixed(2)} ×`
    case 'PerS':
      return formatRate(value)
    case 'Us':
      return formatSpan(value)
    case 'Ms':
      return formatSpan(value * 1000)
    case 'Share':
      return formatShare(value)
    case 'Bytes':
      return `${formatCount(value / 1024 / 1024)} MB`
    case 'number':
      return formatCount(value)
  }
}

export function unitOf(name: string): Unit {
  return (['PerS', 'Us', 'Ms', 'Share', 'Bytes'] as const).find((u) => name.endsWith(u)) ?? 'number'
}

/** Median and range of several samples; '–' without any. */
export function formatSamples(samples: readonly number[], unit: Unit): string {
  const middle = median(samples)
  if (middle === null) return '–'
  const [least, most] = range(samples)
  const text = formatValue(middle, unit)
  if (samples.length === 1) return text
  return `${text} (${formatValue(least, unit)} – ${formatValue(most, unit)})`
}

const words = { least: 'at least', most: 'at most', above: 'above', below: 'below' } as const

export function formatTarget(target: Target | null, unit: Unit): string {
  return target === null ? '–' : `${words[target.bound]} ${formatValue(target.value, unit)}`
}
