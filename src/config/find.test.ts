import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findScenarioFiles, scenarioPattern } from './find.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'limitscope-find-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function found(within: string, files: readonly string[]): readonly string[] {
  const base = join(folder, within)
  for (const file of files) {
    mkdirSync(dirname(join(base, file)), { recursive: true })
    writeFileSync(join(base, file), '')
  }
  return findScenarioFiles(base, scenarioPattern).map((path) => relative(base, path))
}

describe('scenario files', () => {
  test('are modules and documents below the pattern, sorted', () => {
    const files = [
      'scenarios/b.ts',
      'scenarios/deep/a.yaml',
      'scenarios/c.test.ts',
      'scenarios/d.md',
    ]
    expect(found('', files)).toEqual(['scenarios/b.ts', 'scenarios/deep/a.yaml'])
  })

  test('are not those of packages below, but a config may be in a package', () => {
    const files = ['scenarios/a.js', 'scenarios/node_modules/other/b.js']
    expect(found('node_modules/limitscope/dist/demo', files)).toEqual(['scenarios/a.js'])
  })
})
