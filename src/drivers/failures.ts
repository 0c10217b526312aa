// How a connection's errors are told: the same in every driver.

import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { messageOf, UserError } from '../core/errors.ts'

/** What Node says of certificates by unknown authorities is for whoever starts Node … */
const nodeHint = /; if the root CA is installed locally.*/
/** … and our users can do this. */
const ownHint =
  '; name its authority (--cacert, target.caPath), or do not verify it (--insecure, target.insecure)'

/** 'ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1' and the like, with causes that others hide. */
export function connectionMessage(error: Error & { code?: string; cause?: unknown }): string {
  const first = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined
  const text = messageOf(first ?? error).replace(nodeHint, ownHint)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.code ?? error.name}: ${text}${cause}`
}

/** The failure of an exchange that took longer than it may. */
export function timeoutMessage(timeoutUs: number): string {
  return `no complete answer within ${timeoutUs / 1000} ms`
}

/** The authorities that Node knows and those of a PEM file; throws `UserError`. */
export function readCa(path: string): string[] {
  try {
    return [...rootCertificates, readFileSync(path, 'utf8')]
  } catch (error) {
    const message = `target.caPath: expected a readable PEM file, got '${path}' (${messageOf(error)})`
    throw new UserError('config', message, { cause: error })
  }
}
