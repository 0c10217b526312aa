// `npm run bench:capacity`: what maps, searches and forecasts are worth, against targets whose truth is
// known, in virtual time. `--write` puts the tables into docs/capacity.md; `--only map` runs one part,
// `--searches 10` fewer searches.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchForecast } from './forecast.ts'
import { benchMap } from './map.ts'
import type { Section } from './report.ts'
import { benchSearch } from './search.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    searches: { type: 'string', default: '50' },
    write: { type: 'boolean' },
  },
})

const parts: Readonly<Record<string, () => Promise<Section>>> = {
  map: () => benchMap(20),
  search: () => benchSearch(Number(values.searches)),
  forecast: () => benchForecast(20),
}

const sections: Section[] = []
for (const [name, run] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue
  sections.push(await run())
}
const text = sections
  .flatMap(({ title, lines, isMet }) => [
    `## ${title}`,
    '',
    ...lines,
    '',
    isMet ? 'Met.' : '**Not met.**',
    '',
  ])
  .join('\n')
process.stdout.write(text)
if (values.write === true) {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'capacity.md')
  const head =
    '# Capacity: what was predicted, and what was so\n\nPrinted by `npm run bench:capacity -- --write`.\n\n'
  writeFileSync(path, head + text)
}
process.exitCode = sections.every(({ isMet }) => isMet) ? 0 : 1
