// The commands about capacity as commander knows them.

import { type Command, InvalidArgumentError } from 'commander'
import type { CommandIo } from './io.ts'
import { collect, duration, integer, settable } from './options.ts'
import { reporters } from './reporters.ts'

/** `limitscope map`. */
export function addMap(program: Command, io: CommandIo, done: (exitCode: number) => void): void {
  program
    .command('map')
    .description(
      'which limiter says no first, over tokens per call × calls per minute; predicted, then tried at the borders',
    )
    .argument('<source>', "URL, 'gateway:NAME', folder of a run, or config file")
    .option('--lane <name>', 'whose limits: a lane of the config or run; default the first')
    .option('--tokens <range>', "tokens per call: '10..10000'", range)
    .option('--rates <range>', "calls per minute: '1..6000'", range)
    .option('--prompt-share <percent>', 'share of the tokens that are prompt', percent, 0.5)
    .option('--service <duration>', 'service time of a call, where it is not known', duration)
    .option('--per-token <duration>', 'service time of a completion token', duration)
    .option('--horizon <duration>', 'how long traffic goes on before "none" is meant', duration)
    .option('--probes <n>', 'points to try on the target', integer, 8)
    .option('--no-verify', 'predict only, send nothing')
    .option('--max-requests <n>', 'cap on requests; needed for public hosts', integer)
    .option('-H, --header <line>', "header for a URL: 'Name: value'; may be repeated", collect, [])
    .option('--model <name>', 'model to ask a URL for', 'limitscope-small')
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

function range(text: string): { from: number; to: number } {
  const match = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)$/.exec(text)
  const [from, to] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && from > 0 && to > from) return { from, to }
  throw new InvalidArgumentError("expected a range above 0, like '10..10000'")
}

function percent(text: string): number {
  const value = Number(text.replace(/\s*%$/, '')) / 100
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError("expected a share like '50%'")
}
