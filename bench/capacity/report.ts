// How the parts of this bench report.

export interface Section {
  readonly title: string
  /** Markdown. */
  readonly lines: readonly string[]
  /** Whether what was wanted was reached. */
  readonly isMet: boolean
}

export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)]
}

export function shareText(hits: number, all: number): string {
  return `${((100 * hits) / all).toFixed(1)} %`
}
