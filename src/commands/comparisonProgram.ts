// `compare` as commander knows it.

import type { Command } from 'commander'
import type { CommandIo } from './io.ts'
import { share } from './options.ts'

export function addCompare(
  program: Command,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  program
    .command('compare')
    .description('what changed between two sets of runs: latency, throughput, limiters')
    .argument('<base>', "a run's folder, a folder of such folders, or several with commas")
    .argument('<candidate>', 'the same, of the runs that may have changed')
    .option('--min-change <share>', "changes up to this are none: '1.5%'", share, 0.015)
    .option('--margin <share>', "shown to be smaller, a change is EQUIVALENT: '5%'", share, 0.05)
    .option('--force', 'compare runs that did not do the same')
    .option('--json', 'print one JSON document')
    .option('--markdown', 'print Markdown')
    .addHelpText(
      'after',
      '\nExamples:\n  limitscope compare results/2026-11-20T18-05-09Z-run results/2026-11-21T18-05-11Z-run\n  limitscope compare nights/base nights/candidate --markdown\n\nExit codes: 0 equivalent or better, 3 inconclusive, 4 regression. A change of a number that varies takes\n7 pairs of runs, measured in turns, or 5 runs a side to be shown; one of an exact limit takes one.',
    )
    .action(async (base: string, candidate: string, flags) => {
      const { compareCommand } = await import('./compare.ts')
      done(await compareCommand({ base, candidate }, flags, io))
    })
}
