// One endpoint as flags name it: URL, header lines, body. Shared by the commands that take one.

import { readFileSync } from 'node:fs'
import { messageOf, UserError } from '../core/errors.ts'

/** Headers whose values are secrets: they are sent, and never written anywhere. */
const secretHeader = /^(authorization|proxy-authorization|cookie|.*(api-?key|token|secret).*)$/i

/** Origin (with credentials, if it has any), and path with query; throws `UserError`. */
export function splitUrl(text: string): { base: string; path: string } {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const message = `URL: expected something like http://localhost:8080/v1/models, got '${text}'`
    throw new UserError('usage', message)
  }
  const base = `${url.protocol}//${url.username === '' ? '' : `${url.username}:${url.password}@`}${url.host}`
  return { base, path: url.pathname + url.search }
}

/** Header lines as they are given with -H, in lower case, the secret ones apart. */
export function splitHeaders(lines: readonly string[]) {
  const plain: Record<string, string> = {}
  const secret: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) {
      throw new UserError('usage', `-H: expected 'Name: value', got '${line.slice(0, 20)}'`)
    }
    const name = line.slice(0, colon).trim().toLowerCase()
    const target = secretHeader.test(name) ? secret : plain
    target[name] = line.slice(colon + 1).trim()
  }
  return { plain, secret }
}

/** The body itself, or the content of a file, written as @path. */
export function bodyOf(text: string): string {
  if (!text.startsWith('@')) return text
  try {
    return readFileSync(text.slice(1), 'utf8')
  } catch (error) {
    const message = `-b: expected a readable file after '@', got '${text.slice(1)}' (${messageOf(error)})`
    throw new UserError('usage', message, { cause: error })
  }
}
