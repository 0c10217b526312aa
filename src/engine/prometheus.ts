// Samples of the Prometheus text format, summed up by name and labels.

type Labels = Readonly<Record<string, string>>

/**
 * The sum of all samples of a name whose labels have these values; of histograms and summaries ask
 * for `…_count` and `…_sum`. Undefined where there is none, or the text is no exposition.
 */
export function sumOfMetric(text: string, name: string, labels: Labels): number | undefined {
  let sum: number | undefined
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue
    const sample = sampleOf(line)
    if (sample?.name !== name || !hasLabels(sample.labels, labels)) continue
    sum = (sum ?? 0) + sample.value
  }
  return sum
}

interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** `name{label="value",…} value timestamp`; null: it is no such line. */
function sampleOf(line: string): Sample | null {
  const [, name, inner = '', value] =
    /^([a-zA-Z_:][\w:]*)\s*(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/.exec(
      line,
    ) ?? []
  const number = Number(value?.replace(/^([+-]?)Inf$/, '$1Infinity'))
  if (name === undefined || Number.isNaN(number)) return null
  const labels = [...inner.matchAll(/([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g)]
  const entries = labels.map(([, label, text]) => [label!, unescaped(text!)] as const)
  return { name, labels: Object.fromEntries(entries), value: number }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
}

function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}
