// Samples of the Prometheus text format, summed up by name and labels.

import { createRequire } from 'node:module'

interface Sample {
  readonly value?: string
  readonly count?: string
  readonly sum?: string
  readonly labels?: Readonly<Record<string, string>>
}

interface Family {
  readonly name: string
  readonly metrics: readonly Sample[]
}

type Parse = (text: string) => readonly Family[]

const load = createRequire(import.meta.url)

/**
 * The sum of all samples of a metric whose labels have these values; of histograms and summaries ask
 * for `…_count` and `…_sum`. Undefined where there is none, or the text is no exposition.
 */
export function sumOfMetric(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  const [, family = name, part = 'value'] = /^(.*)_(count|sum)$/.exec(name) ?? []
  const families = parsed(text)
  const samples = [
    ...valuesOf(families, name, labels, 'value'),
    ...valuesOf(families, family, labels, part as keyof Sample),
  ]
  const numbers = [...new Set(samples)].map(({ value }) => value).filter(Number.isFinite)
  return numbers.length === 0 ? undefined : numbers.reduce((sum, value) => sum + value, 0)
}

function valuesOf(
  families: readonly Family[],
  name: string,
  labels: Readonly<Record<string, string>>,
  part: keyof Sample,
): { readonly value: number }[] {
  return families
    .filter((family) => family.name === name)
    .flatMap(({ metrics }) => metrics)
    .filter((sample) =>
      Object.entries(labels).every(([label, value]) => sample.labels?.[label] === value),
    )
    .flatMap((sample) =>
      typeof sample[part] === 'string' ? [{ value: Number(sample[part]) }] : [],
    )
}

function parsed(text: string): readonly Family[] {
  const module = load('parse-prometheus-text-format') as Parse & { default?: Parse }
  try {
    return (module.default ?? module)(text)
  } catch {
    // Whatever it is, it is no exposition.
    return []
  }
}
