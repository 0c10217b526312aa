// `npm run bench:regression`: how often nights raise a false alarm, how soon a real change is found, how
// often intervals hold the truth; in virtual time. `--real` measures real runs as well: all of them in
// eight minutes, `--case` some of them, `--times` how often.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { coverageTable } from './coverage.ts'
import { nightsTable } from './nightsTable.ts'
import { realTable } from './realRuns.ts'

const { values } = parseArgs({
  options: {
    real: { type: 'boolean', default: false },
    only: { type: 'string' },
    case: { type: 'string', default: '' },
    times: { type: 'string', default: '1' },
    scale: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
})

const scale = Number(values.scale)
const parts: readonly (readonly [name: string, table: () => string | Promise<string>])[] = [
  ['nights', () => nightsTable(scale)],
  ['coverage', () => coverageTable(scale)],
  ...(values.real
    ? [['real', () => realTable({ which: values.case, times: Number(values.times) })] as const]
    : []),
]
const wanted = parts.filter(([name]) => values.only === undefined || values.only === name)
const texts: string[] = []
for (const [, table] of wanted) {
  const text = await table()
  process.stdout.write(`${text}\n`)
  texts.push(text)
}
if (values.out !== undefined) writeFileSync(join(process.cwd(), values.out), texts.join('\n'))
