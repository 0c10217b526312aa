// What can go wrong for a user, and the process exit codes; must not know who prints them.

/** Process exit codes, as promised in the interface contract. */
export const exitCodes = {
  passed: 0,
  failed: 1,
  usage: 2,
  inconclusive: 3,
  regression: 4,
  notWritten: 5,
  internal: 70,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Kinds of user mistakes and refusals; each maps to one exit code. */
const exitCodeOf = {
  config: exitCodes.usage,
  usage: exitCodes.usage,
  scenario: exitCodes.usage,
  credential: exitCodes.usage,
  'public-target': exitCodes.usage,
  'run-exists': exitCodes.usage,
  target: exitCodes.inconclusive,
  write: exitCodes.notWritten,
} as const satisfies Record<string, ExitCode>

export type UserErrorCode = keyof typeof exitCodeOf

/** A mistake the user can mend: the message says where, what was expected, what was got, what to do. */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly code: UserErrorCode

  constructor(code: UserErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get exitCode(): ExitCode {
    return exitCodeOf[this.code]
  }
}

/** Text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Our own mistakes: crash at the boundary rather than report a wrong number. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`limitscope bug: ${message}`)
}
