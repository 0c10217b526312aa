// The command line: argv to a command, what went wrong to a message and an exit code.

import { CommanderError } from 'commander'
import { type CommandIo, say } from './commands/io.ts'
import { buildProgram } from './commands/program.ts'
import { exitCodes, messageOf, UserError } from './core/errors.ts'

/** Runs one command and resolves with the exit code of the process. */
export async function main(
  argv: readonly string[],
  io: CommandIo = processIo(argv),
): Promise<number> {
  // A reader that went away (`limitscope … | head`) is no reason to lose a run.
  for (const stream of [io.stdout, io.stderr]) stream.on('error', () => {})
  let exitCode: number = exitCodes.passed
  const program = buildProgram(io, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv)
    return exitCode
  } catch (error) {
    return report(error, io)
  }
}

function processIo(argv: readonly string[]): CommandIo {
  const { stdin, stdout, stderr, env } = process
  return { cwd: process.cwd(), env, stdin, stdout, stderr, argv: argv.slice(2) }
}

function report(error: unknown, io: CommandIo): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.passed : exitCodes.usage
  }
  if (error instanceof UserError) {
    say(io, error.message)
    return error.exitCode
  }
  const stack = error instanceof Error ? error.stack : undefined
  say(io, `limitscope: a bug of ours, please report it: ${messageOf(error)}\n${stack ?? ''}`)
  return exitCodes.internal
}
