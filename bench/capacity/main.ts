// `npm run bench:capacity`: what maps, searches and forecasts are worth, against targets whose truth is
// known, in virtual time. `--write` puts what is printed into docs/capacity.md; `--only map` runs one
// part, `--searches 10` fewer searches.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
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

const path = join(import.meta.dirname, '..', '..', 'docs', 'capacity.md')
const head =
  '# Capacity: what was predicted, and what was so\n\nPrinted by `npm run bench:capacity -- --write`.\n\n'

let isMet = true
for (const [name, run] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue
  const section = await run()
  isMet &&= section.isMet
  process.stdout.write(textOf(section))
  if (values.write === true) writeSection(section)
}
process.exitCode = isMet ? 0 : 1

function textOf({ title, lines, isMet: met }: Section): string {
  return [`## ${title}`, '', ...lines, '', met ? 'Met.' : '**Not met.**', '', ''].join('\n')
}

/** In the place of the section of that title, or at the end. */
function writeSection(section: Section): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : head
  const [start, ...others] = before.split(/^(?=## )/m)
  const isOld = (text: string) => text.startsWith(`## ${section.title}\n`)
  const text = textOf(section)
  const kept = others.some(isOld)
    ? others.map((other) => (isOld(other) ? text : other))
    : [...others, text]
  writeFileSync(path, `${[start, ...kept].join('').trimEnd()}\n`)
}
