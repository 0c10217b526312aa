import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { workplace } from '../testing/commandIo.ts'
import { buildProgram } from './program.ts'

const rootPath = join(import.meta.dirname, '../..')
const files = ['README.md', ...globSync('src/**/*.{ts,tsx}', { cwd: rootPath })].filter(
  (path) => !/\.test\.tsx?$/.test(path),
)

/** No commands: the title of a schema, and what an error of our own begins with. */
const titles = ['src/config/jsonSchema.ts: config', 'src/core/errors.ts: bug']

test('every command that README and messages name is there', () => {
  const program = buildProgram(workplace().io, () => {})
  const commands = new Set(program.commands.flatMap((one) => [one.name(), ...one.aliases()]))
  const mentions = files.flatMap((path) => {
    const text = readFileSync(join(rootPath, path), 'utf8')
    const found = text.matchAll(/(?:'|`|npx )limitscope ([a-z][a-z-]*)/g)
    return [...found].map(([, command]) => `${path}: ${command}`)
  })
  expect(mentions.length).toBeGreaterThan(20)
  const unknown = mentions.filter((mention) => !commands.has(mention.split(': ')[1]!))
  expect(unknown.toSorted()).toEqual(titles)
})
