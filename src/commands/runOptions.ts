// Options that commands share which run a plan.

import type { Command } from 'commander'
import { duration, integer, rate, rowEvery, settable, workers } from './options.ts'
import { pacingNames } from './pacing.ts'
import { reporters } from './reporters.ts'

/** Where the load goes. */
export function withTarget(command: Command): Command {
  return command
    .addOption(
      settable(
        '-c, --config <file>',
        'config file; default bench.config.{ts,mts,mjs,js,yaml,json}',
        'CONFIG',
      ),
    )
    .addOption(
      settable('--target <target>', "URL, or 'gateway:NAME' for the embedded one", 'TARGET'),
    )
}

/** Hard limits of a run. */
export function withCaps(command: Command): Command {
  const caps = [
    settable(
      '--max-requests <n>',
      'cap on requests of the run; needed for public hosts',
      'MAX_REQUESTS',
    ).argParser(integer),
    settable('--max-rate <rate>', "cap on the rate: '10/s'", 'MAX_RATE').argParser(rate),
    settable('--max-duration <duration>', "cap on the time: '5m'", 'MAX_DURATION').argParser(
      duration,
    ),
    settable('--max-tokens <n>', 'cap on tokens spent', 'MAX_TOKENS').argParser(integer),
  ]
  return caps.reduce((extended, cap) => extended.addOption(cap), command)
}

/** What is shown and written. */
export function withOutput(command: Command): Command {
  return command
    .addOption(settable('--out <dir>', 'folder of run folders; default results', 'OUT'))
    .option('--no-save', 'write no files')
    .option('--name <name>', "name of the run, part of its folder's")
    .option('--run-id <id>', 'id of the run, the name of its folder; it must be new')
    .addOption(
      settable('--reporter <name>', 'what is shown while it runs', 'REPORTER').choices(reporters),
    )
    .addOption(
      settable(
        '--requests <which>',
        "which requests go to requests.csv: 'all', 'none', or 'sample:100' for every hundredth",
        'REQUESTS',
      )
        .default(1, 'all')
        .argParser(rowEvery),
    )
    .addOption(
      settable('--workers <n>', "threads that share the load: 'auto', or how many", 'WORKERS')
        .default('auto')
        .argParser(workers),
    )
    .addOption(
      settable(
        '--pacing <name>',
        "how instants are hit: 'spin' within some µs, taking a core; 'eco' within 1 ms; 'auto' by cores",
        'PACING',
      ).choices(pacingNames),
    )
    .addOption(limitsOption())
    .option('--json', 'print the summary as one JSON document')
    .option('--dry-run', 'tell what would be done, and do nothing')
}

/** Declared limits from the file of a profile. */
export function limitsOption() {
  return settable(
    '--limits <file>',
    "limits to declare: what 'profile --save' has written",
    'LIMITS',
  )
}
