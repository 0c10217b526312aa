// The version of this package.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packagePath } from '../core/package.ts'

const load = createRequire(import.meta.url)

export const version: string = (load(join(packagePath, 'package.json')) as { version: string })
  .version
