// What a command may touch of the world outside: arguments, environment, streams, folder.

/** Passed down from the entry point, so that tests can run a command in their own process. */
export interface CommandIo {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly argv: readonly string[]
}

/** A line of talk; data goes to stdout. */
export function say({ stderr }: CommandIo, line: string): void {
  stderr.write(`${line}\n`)
}

/** Whether colours are wanted on a stream. */
export function wantsColour(stream: NodeJS.WriteStream, env: CommandIo['env']): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0'
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  return stream.isTTY === true && env.TERM !== 'dumb'
}
