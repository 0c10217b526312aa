// The part of the command line that makes files of runs that are over.

import { type Command, Option } from 'commander'
import { exportFormatNames } from '../report/export/names.ts'
import type { CommandIo } from './io.ts'

/** Adds `report` and `export`. */
export function addReports(
  program: Command,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  program
    .command('report')
    .description('rebuild report.html, report.md and junit.xml of a run')
    .argument('<run>', 'folder of the run')
    .option('--baseline <run>', "folder of another run, drawn behind this one's percentiles")
    .addHelpText(
      'after',
      '\nExample:\n  limitscope report results/2026-11-20T18-05-09Z-run --baseline results/2026-11-19T18-05-09Z-run',
    )
    .action(async (run: string, flags) => {
      const { reportCommand } = await import('./report.ts')
      done(reportCommand(run, flags, io))
    })
  program
    .command('export')
    .description('a run in the format of another tool')
    .argument('<run>', 'folder of the run')
    .addOption(
      new Option('--to <format>', 'what to write').choices(exportFormatNames).makeOptionMandatory(),
    )
    .option('-o, --output <file>', 'where to; default stdout')
    .addHelpText(
      'after',
      '\nExample:\n  limitscope export results/2026-11-20T18-05-09Z-run --to jtl -o run.jtl',
    )
    .action(async (run: string, flags) => {
      const { exportCommand } = await import('./export.ts')
      done(await exportCommand(run, flags, io))
    })
}
