// Where the files of this package are: the code as it is written, in src, or as it is built, in dist.

import { existsSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { assert } from './errors.ts'

const extension = extname(import.meta.filename)

/** The folder of this package. Where this very file is depends on how it was built. */
export const packagePath = folderWith('package.json', import.meta.dirname)

/** The folder of its code that runs. */
export const codePath = join(packagePath, extension === '.ts' ? 'src' : 'dist')

/** A file of its code that is loaded by its path: `engine/threadMain`. The build must know of it. */
export function codeFile(name: string): string {
  return join(codePath, `${name}${extension}`)
}

function folderWith(name: string, from: string): string {
  if (existsSync(join(from, name))) return from
  const above = dirname(from)
  assert(above !== from, `no folder above ${import.meta.dirname} has a ${name}`)
  return folderWith(name, above)
}
