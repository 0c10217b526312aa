// For tests: the command line in a process of its own, from source.

import { main } from '../cli.ts'

process.exitCode = await main(process.argv)
