import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { codeFile, codePath, packagePath } from './package.ts'

test('the files of the package are found from wherever this runs', () => {
  expect(existsSync(join(packagePath, 'bin', 'limitscope.js'))).toBe(true)
  expect(basename(codePath)).toBe('src')
  expect(existsSync(codeFile('engine/threadMain'))).toBe(true)
})
