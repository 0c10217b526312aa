// The command line as commander knows it: commands, options, help. What a command does is loaded
// when it is called.

import { Command, Option } from 'commander'
import { expectsNames } from '../analysis/expects.ts'
import { keepYoungGenerationSmall, setEngineHeap } from '../core/v8.ts'
import { addCapacityCommands } from './capacityProgram.ts'
import { addCompare, addNightly, addTrend } from './comparisonProgram.ts'
import type { CommandIo } from './io.ts'
import { decimal, durationText, integer, rateText, repeatable, settable } from './options.ts'
import { reporters } from './reporters.ts'
import { addReports } from './reportProgram.ts'
import { withCaps, withOutput, withTarget } from './runOptions.ts'
import { version } from './version.ts'

/** Called with the exit code of the command that ran. */
export type Done = (exitCode: number) => void

export function buildProgram(io: CommandIo, done: Done): Command {
  const program = new Command('limitscope')
    .description(
      'Finds every limiter in front of an API, proves what each one really does, and loads the API right up to it.',
    )
    .version(version, '-V, --version')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .addHelpText(
      'after',
      '\nStart here:\n  limitscope demo                               see it work, on an embedded gateway\n  limitscope run many-cheap --target https://…   find the limits of a real one',
    )
  addDemo(program, io, done)
  addRun(program, io, done)
  addLoad(program, io, done)
  addCapacityCommands(program, io, done)
  addProfile(program, io, done)
  addCheck(program, io, done)
  addGateway(program, io, done)
  addCompare(program, io, done)
  addNightly(program, io, done)
  addTrend(program, io, done)
  addRecover(program, io, done)
  addReports(program, io, done)
  for (const command of [program, ...program.commands]) {
    command.exitOverride().showHelpAfterError('(add --help for the options)')
  }
  return program
}

function addDemo(program: Command, io: CommandIo, done: Done): void {
  withOutput(program.command('demo'))
    .description('the flagship scenarios on the embedded gateway: under a minute, no network')
    .addHelpText('after', '\nExample:\n  limitscope demo')
    .action(async (flags) => {
      await warmUp()
      const { demoCommand } = await import('./demo.ts')
      done(await demoCommand(flags, io))
    })
}

function addRun(program: Command, io: CommandIo, done: Done): void {
  withOutput(withCaps(withTarget(program.command('run'))))
    .description('run scenarios of bench.config.ts, all of them when none is named')
    .argument('[scenario...]', "names, or globs like 'maas/*'")
    .addOption(
      settable('--seed <n>', 'seed of arrivals, mixes and prompts', 'SEED').argParser(integer),
    )
    .option(
      '--concurrency <n>',
      'requests in flight of closed phases, instead of their own',
      integer,
    )
    .addOption(
      settable(
        '--target-profile <names>',
        "where the scenarios' system is to be had: 'real', 'embedded' …; several with commas between them give a table of verdicts",
        'TARGET_PROFILE',
      ),
    )
    .addOption(
      settable(
        '--expect <which>',
        "where a system is known to differ from its document: 'documented' fails it, 'actual' passes it, 'either' tells it",
        'EXPECT',
      ).choices(expectsNames),
    )
    .option('--no-skip', 'a scenario that is skipped makes the run inconclusive (exit code 3)')
    .addHelpText(
      'after',
      '\nExamples:\n  limitscope run\n  limitscope run many-cheap few-expensive --target https://gateway.example --max-requests 200\n  limitscope run interplay --dry-run',
    )
    .action(async (scenarios: string[], flags) => {
      await warmUp()
      const { runCommand } = await import('./run.ts')
      done(await runCommand(scenarios, flags, io))
    })
}

function addLoad(program: Command, io: CommandIo, done: Done): void {
  withOutput(program.command('load'))
    .description('load one endpoint: as fast as the connections can, or at a rate')
    .argument('<url>', 'http or https URL')
    .option('-c, --connections <n>', 'connections of a closed loop', integer, 10)
    .option('-d, --duration <duration>', "how long: '10s' (the default without -n)", durationText)
    .option('-n, --count <n>', 'how many requests', integer)
    .option('-r, --rate <rate>', "open loop at a rate: '500/s', '60/min'", rateText)
    .addOption(
      new Option('--arrivals <process>', 'how a rate is spread')
        .choices(['constant', 'poisson'])
        .default('constant'),
    )
    .option('--warmup <duration>', 'load that is not measured, before the rest', durationText)
    .option('-m, --method <method>', 'HTTP method', 'GET')
    .addOption(repeatable('-H, --header <line>', "header: 'Name: value'; may be repeated"))
    .option('-b, --body <text>', 'body; @file reads it from a file')
    .option('--timeout <duration>', 'deadline of a request', durationText, '30s')
    .option('--max-requests <n>', 'cap on requests; needed for public hosts without -n', integer)
    .option('--insecure', 'do not verify the certificate of the target')
    .option('--cacert <file>', 'PEM file of an additional authority')
    .option('--seed <n>', 'seed of the arrivals', integer)
    .addHelpText(
      'after',
      "\nExamples:\n  limitscope load http://localhost:8080/healthz -c 50 -d 10s\n  limitscope load http://localhost:8080/v1/models -r 100/s --arrivals poisson -H 'Authorization: Bearer …'",
    )
    .action(async (url: string, flags) => {
      await warmUp(flags.connections)
      const { loadCommand } = await import('./load.ts')
      done(await loadCommand(url, flags, io))
    })
}

/**
 * The engine's thread loads while the command does, for so many connections as far as is known. This
 * one has little to keep from then on, and saves a sixth of the memory of a run.
 */
async function warmUp(connections = 0): Promise<void> {
  setEngineHeap(connections)
  const { warmEngineThread } = await import('../engine/thread.ts')
  warmEngineThread()
}

function addProfile(program: Command, io: CommandIo, done: Done): void {
  program
    .command('profile')
    .description('find out which limiters stand in front of an endpoint, and what each one does')
    .argument('<url>', "http or https URL, or 'gateway:NAME' for the embedded gateway")
    .option('--max-requests <n>', 'most requests; default 2000; needed for public hosts', integer)
    .option('--max-tokens <n>', 'most tokens', integer)
    .option('--max-duration <duration>', "longest time; default '10m'", durationText)
    .option('--concurrency <n>', 'most requests in flight; default 32', integer)
    .option(
      '--further <times>',
      'slower limiters are looked for behind the first, by so many times its limit; default 12; 0: none',
      integer,
    )
    .addOption(
      new Option('--shape <kind>', 'what is sent; auto goes by the path').choices([
        'auto',
        'raw',
        'chat',
        'completion',
        'embedding',
      ]),
    )
    .option('--model <name>', 'model to ask for')
    .option('--prompt-tokens <n>', 'prompt of the expensive shape; default 200', integer)
    .option('--output-tokens <n>', 'output of the expensive shape; default 200', integer)
    .option('-m, --method <method>', 'HTTP method of raw requests')
    .addOption(repeatable('-H, --header <line>', "header: 'Name: value'; may be repeated"))
    .option('-b, --body <text>', 'body of raw requests; @file reads it from a file')
    .addOption(
      repeatable(
        '--second-header <line>',
        'the same with another value: has it a limit of its own? may be repeated',
      ),
    )
    .addOption(repeatable('--second-path <path>', 'likewise with another path'))
    .addOption(repeatable('--second-model <name>', 'likewise with another model'))
    .option('--timeout <duration>', "deadline of a request; default '10s'", durationText)
    .option('--dialect <name>', 'how limits and rejections are written; default auto')
    .option('--seed <n>', 'seed of everything random', integer)
    .option('--insecure', 'do not verify the certificate of the target')
    .option('--cacert <file>', 'PEM file of an additional authority')
    .addOption(
      settable('--reporter <name>', 'what is shown while it runs', 'REPORTER').choices(reporters),
    )
    .option('--json', 'print the profile as one JSON document')
    .option('--save <file>', 'write it to a file, for run --limits')
    .option('--dry-run', 'tell what it may cost, and do nothing')
    .addHelpText(
      'after',
      "\nExamples:\n  limitscope profile http://localhost:8080/api --max-requests 500\n  limitscope profile https://gateway.example/v1/chat/completions --model m -H 'Authorization: Bearer …' --max-requests 400 --save profile.json\n  limitscope profile gateway:openai",
    )
    .action(async (url: string, flags) => {
      const { profileCommand } = await import('./profile.ts')
      done(await profileCommand(url, flags, io))
    })
}

function addCheck(program: Command, io: CommandIo, done: Done): void {
  withTarget(program.command('check'))
    .description('preflight: one request per shape and lane, what was recognised, what a run costs')
    .argument('[scenario...]', 'scenarios whose shapes and lanes are tried; default all')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  limitscope check --target https://gateway.example')
    .action(async (scenarios: string[], flags) => {
      const { checkCommand } = await import('./check.ts')
      done(await checkCommand(scenarios, flags, io))
    })
}

function addGateway(program: Command, io: CommandIo, done: Done): void {
  program
    .command('gateway')
    .description('serve the embedded gateway: an OpenAI-compatible API behind limiters')
    .option(
      '--preset <name>',
      'free, premium, openai, kuadrant, plain; or a system: maas, api-router, llm-server, bifrost, inference-service, llm-gateway',
      'kuadrant',
    )
    .option('--faithful', 'play the system as its code behaves, bugs included (the default)')
    .option('--documented', 'play the system as its documents say')
    .addOption(
      repeatable('--set <knob>', "knob of the system: 'RATE_LIMIT_BURST_FREE=7'; may be repeated"),
    )
    .addOption(repeatable('--break <name>', 'break something on purpose: off-by-one, no-done …'))
    .option('--port <n>', 'port; 0 takes any free one', integer, 8080)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--dialect <name>', 'how rejections are written: openai, kuadrant, ietf, nginx …')
    .option('--requests <limit>', "requests per window and key: '60/1m'")
    .option('--tokens <limit>', "tokens per window and key: '6000/1m'")
    .option(
      '--bucket <refill>',
      "token bucket of requests per key: '100/s', '100/s burst 200'; 'steps' or 'lossy' behind it",
    )
    .option('--concurrency <n>', 'requests in flight per key', integer)
    .addOption(
      new Option('--charge <time>', 'when tokens are charged').choices(['pre', 'post', 'reserve']),
    )
    .option('--ttft <duration>', "time to first token: '30ms'")
    .option('--itl <duration>', "time between tokens: '1ms'")
    .option('--spread <sigma>', 'spread of both, as the sigma of a log-normal factor', decimal)
    .option('--log <file>', 'write every decision to a file, as JSON lines')
    .option('--json', 'print URL and limits as one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  limitscope gateway --preset openai --requests 60/1m --port 8080\n  limitscope gateway --preset maas --documented --set RATE_LIMIT_WINDOW=10s --break off-by-one',
    )
    .action(async (flags) => {
      keepYoungGenerationSmall()
      const { gatewayCommand, gatewayFlags } = await import('./gateway.ts')
      done(await gatewayCommand(gatewayFlags(flags), io))
    })
}

function addRecover(program: Command, io: CommandIo, done: Done): void {
  program
    .command('recover')
    .description('make every file of a run that was killed from its journal')
    .argument('<folder>', 'folder of the run')
    .addHelpText('after', '\nExample:\n  limitscope recover results/2026-11-20T18-05-09Z-run')
    .action(async (folder: string) => {
      const { recoverCommand } = await import('./recover.ts')
      done(await recoverCommand(folder, io))
    })
}
