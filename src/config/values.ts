// How values from a config may be shown: never what can be a secret.

import { safeLine } from '../core/text.ts'

export type Path = readonly PropertyKey[]

/** Stands for a value that must not be shown. */
export const mask = '***'

/** Our own words, and names of limiters, that look like names of secrets and are not. */
const harmless = /^(([\w.]+-)*tokens|promptTokens|outputTokensMax)$/
const secret =
  /authorization|token|key|secret|password|cookie|bearer|credential|fallback|prefix|headers?$/i

/** Whether what is at this path may be a secret. */
export function isSecret(path: Path): boolean {
  return path.some((key) => typeof key === 'string' && secret.test(key) && !harmless.test(key))
}

/** A value in a message, on one line. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing'
    case 'string':
      return `'${safeLine(value, 60)}'`
    case 'object':
      if (value === null) return 'null'
      if (!Array.isArray(value)) return 'an object'
      return value.length === 0 ? 'an empty list' : 'a list'
    case 'function':
      return 'a function'
    default:
      return String(value)
  }
}

/** 'expected X; hint' and 'Y' → 'expected X, got Y; hint'. */
export function withGot(message: string, got: string): string {
  const [what, ...hints] = message.split('; ')
  return [`${what}, got ${got}`, ...hints].join('; ')
}

/** 'phases[0].mix' */
export function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const word = String(key)
    if (!/^[\w$-][\w$.-]*$/.test(word)) return `${text}[${JSON.stringify(safeLine(word, 60))}]`
    return text === '' ? word : `${text}.${word}`
  }, '')
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    return (at as Record<PropertyKey, unknown>)[key]
  }, value)
}
