// Texts that other programs wrote may hold secrets that we never saw: errors of commands and of the
// user's own modules.

import { redactor } from '../core/text.ts'
import type { Environment } from './interpolate.ts'
import { mask } from './values.ts'

const secretName = /token|key|secret|password|passwd|credential|authorization|cookie/i

/** Header lines, assignments and well-known forms of keys. */
const secretForms = [
  /\b(bearer|basic)\s+\S+/gi,
  /\beyJ[\w-]+(\.[\w-]+){0,2}/g,
  /\b(sk|pk|ghp|gho|glpat|xox[abp]|sha256)[-_~][\w~-]{6,}/g,
  /(?<=\b[\w-]*(token|key|secret|password|passwd|cookie)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)/gi,
  /(?<=:\/\/)[^\s/@]+@/g,
]

/** A function that replaces what may be a secret; `known` are those that were read already. */
export function looseRedactor(
  env: Environment,
  known: Iterable<string> = [],
): (text: string) => string {
  const named = Object.entries(env).flatMap(([name, value]) =>
    secretName.test(name) && value ? [value] : [],
  )
  const redact = redactor([...named, ...known])
  return (text) => secretForms.reduce((out, form) => out.replace(form, mask), redact(text))
}
