// The version of this package.

import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

// package.json is two levels up from src/commands and from dist/commands alike.
export const version: string = (load('../../package.json') as { version: string }).version
