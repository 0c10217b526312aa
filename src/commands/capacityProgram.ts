// The commands about capacity as commander knows them.

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandIo } from './io.ts'
import { defaulted, duration, integer, rate, repeatable, settable, share } from './options.ts'
import { reporters } from './reporters.ts'
import { limitsOption } from './runOptions.ts'

/** Adds `map`, `capacity` and `plan`. */
export function addCapacityCommands(
  program: Command,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  addMap(program, io, done)
  addCapacity(program, io, done)
  addPlan(program, io, done)
}

function addMap(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  program
    .command('map')
    .description(
      'which limiter says no first, over tokens per call × calls per minute; predicted, then tried at the borders',
    )
    .argument('<source>', "URL, 'gateway:NAME', folder of a run, or config file")
    .option('--lane <name>', 'whose limits: a lane of the config or run; default the first')
    .option('--tokens <range>', "tokens per call: '10..10000'", range)
    .option('--rates <range>', "calls per minute: '1..6000'", range)
    .addOption(
      defaulted(['--prompt-share <share>', 'share of the tokens that are prompt'], share, '50%'),
    )
    .option('--service <duration>', 'service time of a call, where it is not known', duration)
    .option('--per-token <duration>', 'service time of a completion token', duration)
    .option('--horizon <duration>', 'how long traffic goes on before "none" is meant', duration)
    .option('--probes <n>', 'points to try on the target', integer, 8)
    .option('--no-verify', 'predict only, send nothing')
    .option('--max-requests <n>', 'cap on requests; needed for public hosts', integer)
    .addOption(
      repeatable('-H, --header <line>', "header for a URL: 'Name: value'; may be repeated"),
    )
    .option('--model <name>', 'model to ask a URL for', 'limitscope-small')
    .addOption(limitsOption())
    .option('--columns <n>', 'columns of the plane', integer)
    .addOption(settable('--out <folder>', "folder for results; default 'results'", 'OUT'))
    .option('--reporter <name>', `what is shown while it runs: ${reporters.join(', ')}`)
    .option('--json', 'print the map as one JSON document')
    .addHelpText(
      'after',
      "\nExamples:\n  limitscope map gateway:kuadrant\n  limitscope map https://gateway.example -H 'Authorization: Bearer …' --max-requests 500\n  limitscope map bench.config.ts --no-verify",
    )
    .action(async (source: string, flags) => {
      const { mapCommand } = await import('./map.ts')
      done(await mapCommand(source, flags, io))
    })
}

function addCapacity(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  program
    .command('capacity')
    .description(
      'the highest load at which every SLO holds, with an interval, and what ends it: a limiter, the service, or us',
    )
    .argument('[scenario]', 'whose first phase is the traffic; needed when there are several')
    .option('-c, --config <file>', 'config file; default bench.config.{ts,mts,mjs,js,yaml,json}')
    .option('--target <target>', "URL, or 'gateway:NAME' for the embedded one")
    .addOption(
      repeatable(
        '--slo <statement>',
        "promise beside the scenario's: 'p99(response) < 800ms'; may be repeated",
      ),
    )
    .addOption(defaulted(['--rejections <share>', 'share that limiters may reject'], share, '1%'))
    .addOption(defaulted(['--failures <share>', 'share that may fail otherwise'], share, '1%'))
    .addOption(defaulted(['--start <rate>', 'first load'], rate, '10/s'))
    .addOption(defaulted(['--max <rate>', 'highest load'], rate, '10000/s'))
    .addOption(
      defaulted(
        ['--step <duration>', 'shortest step; loads in doubt get up to 8 of them'],
        duration,
        '30s',
      ),
    )
    .addOption(
      defaulted(
        ['--tolerance <share>', 'relative half-width of the interval to end with'],
        share,
        '5%',
      ),
    )
    .option('--max-steps <n>', 'cap on steps', integer, 60)
    .option('--warmup <duration>', 'load before each step that is not measured', duration)
    .option(
      '--cooldown <duration>',
      "pause between steps; default the limiters' longest window",
      duration,
    )
    .option('--max-requests <n>', 'cap on requests of the search; needed for public hosts', integer)
    .option('--resume <folder>', 'go on with a search that was stopped')
    .option('--seed <n>', 'seed of arrivals and of the bootstrap', integer)
    .option('--name <name>', "name of the search, part of its folder's")
    .addOption(settable('--out <folder>', "folder for results; default 'results'", 'OUT'))
    .addOption(
      new Option('--reporter <name>', 'what is shown meanwhile').choices(['tui', 'line', 'silent']),
    )
    .option('--json', 'print the result as one JSON document')
    .addHelpText(
      'after',
      "\nExamples:\n  limitscope capacity mixed --slo 'p95(response) < 300ms' --step 10s\n  limitscope capacity --resume results/2026-11-20T18-05-09Z-capacity-mixed",
    )
    .action(async (scenario: string | undefined, flags) => {
      const { capacityCommand } = await import('./capacity.ts')
      done(await capacityCommand(scenario, flags, io))
    })
}

function addPlan(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  program
    .command('plan')
    .description(
      'forecast per tier: what is carried, which limiter binds, what is rejected, what it costs',
    )
    .argument('<tiers>', 'tiers file, YAML or JSON')
    .option('--backtest', 'run the mix against the embedded gateway, too, in virtual time')
    .option('--futures <n>', 'futures to play', integer)
    .option('--seed <n>', 'seed of the futures', integer)
    .addOption(settable('--out <folder>', "folder for results; default 'results'", 'OUT'))
    .option('--no-save', 'write no files')
    .option('--json', 'print the forecast as one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  limitscope plan tiers.yaml\n  limitscope plan tiers.yaml --backtest',
    )
    .action(async (path: string, flags) => {
      const { planCommand } = await import('./plan.ts')
      done(await planCommand(path, flags, io))
    })
}

function range(text: string): { from: number; to: number } {
  const match = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)$/.exec(text)
  const [from, to] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && from > 0 && to > from) return { from, to }
  throw new InvalidArgumentError("expected a range above 0, like '10..10000'")
}
