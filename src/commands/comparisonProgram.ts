// The commands about change as commander knows them.

import type { Command } from 'commander'
import type { CommandIo } from './io.ts'
import { defaulted, share } from './options.ts'
import { withOutput, withTarget } from './runOptions.ts'

export function addCompare(
  program: Command,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  program
    .command('compare')
    .description(
      'what changed between two sets of runs, or two profiles: latency, throughput, limiters',
    )
    .argument(
      '<base>',
      "a run's folder, a folder of such folders, several with commas; a profile's file",
    )
    .argument('<candidate>', 'the same, of the runs that may have changed')
    .addOption(defaulted(['--min-change <share>', 'changes up to this are none'], share, '1.5%'))
    .addOption(
      defaulted(['--margin <share>', 'shown to be smaller, a change is EQUIVALENT'], share, '5%'),
    )
    .option('--force', 'compare runs that did not do the same')
    .option('--json', 'print one JSON document')
    .option('--markdown', 'print Markdown')
    .addHelpText(
      'after',
      '\nExamples:\n  limitscope compare results/2026-11-20T18-05-09Z-run results/2026-11-21T18-05-11Z-run\n  limitscope compare nights/base nights/candidate --markdown\n  limitscope compare profile-before.json profile-after.json\n\nExit codes: 0 equivalent or better, 3 inconclusive, 4 regression. A change of a number that varies takes\n7 pairs of runs, measured in turns, or 5 runs a side to be shown; one of an exact limit takes one.',
    )
    .action(async (base: string, candidate: string, flags) => {
      const { compareCommand } = await import('./compare.ts')
      done(await compareCommand({ base, candidate }, flags, io))
    })
}

export function addNightly(
  program: Command,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  withOutput(withTarget(program.command('nightly')))
    .description("tonight's run; whether it is worse than the nights before; pairs of runs decide")
    .argument('[scenario...]', 'names or globs, as for run')
    .option('--baseline <target>', 'the target that was accepted last, to measure pairs against')
    .addHelpText(
      'after',
      '\nExample:\n  limitscope nightly mixed --target https://new.internal --baseline https://accepted.internal\n\nA night that is suspicious is measured again, at once and in turns with the baseline (ABBA): ten pairs, or\ntwenty where ten leave it open. Exit codes: 0 quiet, 3 suspicious and not confirmed, 4 regression.',
    )
    .action(async (scenarios: string[], flags) => {
      const { nightlyCommand } = await import('./nightly.ts')
      done(await nightlyCommand(scenarios, flags, io))
    })
}

export function addTrend(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  program
    .command('trend')
    .description('change points over the history of runs')
    .argument('[results]', 'folder of run folders; default results')
    .option('--metric <text>', "only metrics whose name has this: 'p99 response'")
    .option('--target <target>', 'only runs against this target')
    .option('--html <file>', 'draw it in an HTML file')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      "\nExample:\n  limitscope trend --metric 'p99 response' --html trend.html",
    )
    .action(async (results: string | undefined, flags) => {
      const { trendCommand } = await import('./trend.ts')
      done(await trendCommand(results, flags, io))
    })
}
