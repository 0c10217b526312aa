// From a response to what it says about limits: the user's rules first, then the dialects, the
// strongest match wins. Must not know any format.

import type { Outcome } from '../core/record.ts'
import type {
  Dialect,
  DialectName,
  LimitSignal,
  MatchStrength,
  Rejection,
  ResponseView,
} from './dialect.ts'
import { compileRule, type ResponseRule } from './rules.ts'
import { dialectNamed, dialects } from './table.ts'

/** What was read from a response, and by whom; 'rule' is a rule of the user. */
export interface Reading {
  readonly dialect: DialectName | 'rule' | null
  readonly rejection: Rejection | null
  readonly signals: readonly LimitSignal[]
}

export interface ResponseReader {
  (view: ResponseView): Reading
  /** A success without a header about limits says nothing: it need not be read. */
  readonly ignoresPlainSuccess: boolean
}

export interface ReaderOptions {
  /** 'auto' asks them all; a declared one is asked first, then those that fit anybody. */
  readonly dialect: DialectName | 'auto'
  readonly rules: readonly ResponseRule[]
}

/** A reader for the responses of one target; throws `UserError` for a rule that is none. */
export function responseReader({ dialect, rules }: ReaderOptions): ResponseReader {
  const compiled = rules.map((rule, index) => compileRule(rule, index))
  const successRules = compiled.filter(({ isForSuccess }) => isForSuccess)
  const asked = dialect === 'auto' ? dialects : declared(dialect)
  const strongest = dialect === 'auto' ? strongestMatch : firstMatch
  const read = (view: ResponseView): Reading => {
    const isError = view.status >= 400
    const rule = (isError ? compiled : successRules).find((candidate) => candidate.matches(view))
    if (rule !== undefined) {
      return {
        dialect: 'rule',
        rejection: rule.rejection(view),
        signals: signalsOf(view, asked).signals,
      }
    }
    const match = isError && !neverLimits.has(view.status) ? strongest(view, asked) : null
    if (match === null) return signalsOf(view, asked)
    const signals = match.dialect.signals(view)
    return {
      dialect: match.dialect.name,
      rejection: match.rejection,
      signals: signals.length > 0 ? signals : signalsOf(view, asked).signals,
    }
  }
  return Object.assign(read, { ignoresPlainSuccess: successRules.length === 0 })
}

/** How a response counts: a rejection is 'limited', whatever its status. */
export function outcomeOf(status: number, reading: Reading): Outcome {
  if (reading.rejection !== null) return 'limited'
  if (status < 400) return 'ok'
  return status < 500 ? 'refused' : 'failed'
}

// Missing or wrong credentials, paths and bodies are the client's own.
const neverLimits: ReadonlySet<number> = new Set([401, 404, 422])

function declared(name: DialectName): readonly Dialect[] {
  return [...new Set([name, 'ietf', 'plain'] as const)].map(dialectNamed)
}

interface Match {
  readonly dialect: Dialect
  readonly rejection: Rejection
}

const ranks: Readonly<Record<MatchStrength, number>> = { signature: 2, shape: 1, default: 0 }

function strongestMatch(view: ResponseView, asked: readonly Dialect[]): Match | null {
  let best: Match | null = null
  for (const dialect of asked) {
    const rejection = dialect.rejection(view)
    if (rejection === null) continue
    if (rejection.strength === 'signature') return { dialect, rejection }
    if (best === null || ranks[rejection.strength] > ranks[best.rejection.strength]) {
      best = { dialect, rejection }
    }
  }
  return best
}

function firstMatch(view: ResponseView, asked: readonly Dialect[]): Match | null {
  for (const dialect of asked) {
    const rejection = dialect.rejection(view)
    if (rejection !== null) return { dialect, rejection }
  }
  return null
}

const nothing: Reading = { dialect: null, rejection: null, signals: [] }

function signalsOf(view: ResponseView, asked: readonly Dialect[]): Reading {
  // Nearly every response is a success without such fields: that must cost nothing.
  if (view.status < 400 && !hasLimitFields(view)) return nothing
  for (const dialect of asked) {
    const signals = dialect.signals(view)
    if (signals.length > 0) return { dialect: dialect.name, rejection: null, signals }
  }
  return nothing
}

function hasLimitFields({ headers }: ResponseView): boolean {
  for (const name in headers) {
    if (name.includes('ratelimit') || name.includes('rate-limit')) return true
  }
  return false
}
