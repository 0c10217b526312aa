// Fills '${env:NAME}' and '${env:NAME:-default}' into the text values of YAML and JSON documents.

import { nearest } from '../core/text.ts'
import type { Problem, Source } from './source.ts'
import type { Path } from './values.ts'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

const placeholder = /\$\{env:([^}:]*)(?::-([^}]*))?\}/g

/** Places of credentials: there the variable stays a variable, and is read before the run. */
const credentialKeys: readonly PropertyKey[] = ['bearer', 'apiKey', 'credential']

/** The source with its variables filled in; those that are missing are problems of it. */
export function interpolated(source: Source, env: Environment): Source {
  const written = new Map<string, string>()
  const problems: Problem[] = []
  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') {
      if (!value.includes('${env:') || path.some((key) => credentialKeys.includes(key)))
        return value
      const filled = fill(value, env, (problem) => problems.push({ path, ...problem }))
      if (filled !== value) written.set(JSON.stringify(path), withoutDefaults(value))
      return filled
    }
    if (Array.isArray(value)) return value.map((item, i) => visit(item, [...path, i]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]),
    )
  }
  const value = visit(source.value, [])
  const writtenAt = (path: Path) => written.get(JSON.stringify(path))
  return { ...source, value, writtenAt, problems }
}

/** The variable and the default of a text that is one placeholder and nothing else. */
export function soleVariable(text: string): { name: string; fallback?: string } | null {
  const [match, ...more] = text.matchAll(placeholder)
  if (match === undefined || more.length > 0 || match[0] !== text.trim()) return null
  const [, name, fallback] = match
  return { name: name!, ...(fallback === undefined ? {} : { fallback }) }
}

function fill(
  text: string,
  env: Environment,
  report: (problem: { message: string; got: string }) => void,
): unknown {
  const filled = text.replace(placeholder, (all, name: string, fallback?: string) => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    // As in shells, ':-' stands in for an empty variable, too.
    const chosen = value === undefined || value === '' ? (fallback ?? value) : value
    if (chosen === undefined) report(missing(name, env))
    return chosen ?? all
  })
  return soleVariable(text) === null ? filled : scalarOf(filled)
}

function missing(name: string, env: Environment): { message: string; got: string } {
  const guess = nearest(name, Object.keys(env))
  const advice = `export ${name}=… or write a default: \${env:${name}:-…}`
  const hint = guess === undefined ? advice : `did you mean '${guess}'?`
  return { message: `expected the environment variable '${name}'; ${hint}`, got: 'nothing' }
}

// JSON knows no unquoted text, so '${env:SEED}' may stand for a number in both formats.
function scalarOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text) ? Number(text) : text
}

function withoutDefaults(text: string): string {
  return text.replace(placeholder, (_all, name: string) => `\${env:${name}}`)
}
