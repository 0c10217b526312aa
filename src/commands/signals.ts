// Ctrl-C and SIGTERM: the first stops gracefully, the second at once; both save what there is.

import { type ExitCode, exitCodes } from '../core/errors.ts'

export interface Interrupts {
  /** The exit code that an interruption asks for; null without one. */
  readonly exitCode: ExitCode | null
  /** As if Ctrl-C was pressed, for keys that the screen takes. */
  interrupt(): void
  close(): void
}

export function listenForInterrupts(on: { onStop(): void; onAbort(): void }): Interrupts {
  let count = 0
  let exitCode: ExitCode | null = null
  const interrupted = (code: ExitCode) => {
    exitCode ??= code
    if (count++ === 0) on.onStop()
    else on.onAbort()
  }
  const onInt = () => interrupted(exitCodes.interrupted)
  const onTerm = () => interrupted(exitCodes.terminated)
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  return {
    get exitCode() {
      return exitCode
    },
    interrupt: onInt,
    close() {
      process.off('SIGINT', onInt)
      process.off('SIGTERM', onTerm)
    },
  }
}
