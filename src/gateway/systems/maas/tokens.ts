// Tokens that MaaS mints: JWTs of a service account per user, revoked all at once. Must not know
// routes.

import { createHash } from 'node:crypto'
import type { Clock } from '../../../core/clock.ts'
import { type Micros, parseDurationUs, UnitError } from '../../../core/units.ts'
import { goDuration } from '../../../dialects/write.ts'
import { uuidOf } from '../../uuid.ts'

/** A user as the gateway knows it: counters belong to it, whatever token it comes with. */
export interface User {
  readonly id: string
  readonly tier: string
}

/** One minted token; instants are Unix µs. */
export interface Minted {
  readonly token: string
  readonly jti: string
  readonly user: User
  readonly issuedUs: Micros
  readonly expiresUs: Micros
  isRevoked: boolean
}

/** Why a token is not accepted. */
export type Refusal = 'unknown' | 'expired' | 'revoked'

export class TokenStore {
  readonly #clock: Clock
  readonly #minted = new Map<string, Minted>()
  /** When the last look at a token was, by token: what it was then holds for a while. */
  readonly #lookedAtUs = new Map<string, Micros>()
  #nextId = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  mint(user: User, lifeUs: Micros): Minted {
    const issuedUs = this.#clock.nowUs()
    const jti = uuidOf(`${user.id} ${this.#nextId++}`)
    const expiresUs = issuedUs + lifeUs
    const claims = {
      aud: ['maas-default-gateway-sa'],
      exp: Math.floor(expiresUs / 1e6),
      iat: Math.floor(issuedUs / 1e6),
      jti,
      sub: `system:serviceaccount:maas-default-gateway-tier-${user.tier}:${user.id}`,
    }
    const unsigned = `${base64({ alg: 'RS256', typ: 'JWT' })}.${base64(claims)}`
    const token = `${unsigned}.${createHash('sha256').update(unsigned).digest('base64url')}`
    const minted = { token, jti, user, issuedUs, expiresUs, isRevoked: false }
    this.#minted.set(token, minted)
    return minted
  }

  /** Recreates the service account: none of the user's tokens is valid any more. */
  revokeAll(user: User): void {
    for (const minted of this.#minted.values()) {
      if (minted.user.id === user.id) minted.isRevoked = true
    }
  }

  /** Whose token this is, by a look that is at most `cacheUs` old. */
  userOf(token: string, cacheUs: Micros): User | Refusal {
    const minted = this.#minted.get(token)
    if (minted === undefined) return 'unknown'
    const nowUs = this.#clock.nowUs()
    const lookedAtUs = this.#lookedAtUs.get(token)
    if (lookedAtUs !== undefined && nowUs < lookedAtUs + cacheUs) return minted.user
    if (minted.isRevoked) return 'revoked'
    if (nowUs >= minted.expiresUs) return 'expired'
    this.#lookedAtUs.set(token, nowUs)
    return minted.user
  }
}

/** The life that a mint request asks for, or what is wrong with it as the server says it. */
export function lifeOf(wanted: unknown, leastUs: Micros): Micros | { readonly error: object } {
  if (wanted === undefined || wanted === null || wanted === '') return defaultLifeUs
  const us = typeof wanted === 'number' ? wanted * 1e6 : goDurationUs(String(wanted))
  if (typeof us === 'string') return { error: { error: us } }
  if (us <= 0) return { error: { error: 'expiration must be positive' } }
  if (us < leastUs) {
    const error = 'token expiration must be at least 10 minutes'
    return { error: { error, provided_expiration: goDuration(us) } }
  }
  return us
}

const defaultLifeUs = 4 * 3600e6

/** '4hours' → Go's words for what is wrong with it. */
function goDurationUs(text: string): Micros | string {
  if (text.startsWith('-')) return -1
  const unit = /\d([a-zµ]+)/i.exec(text)?.[1]
  if (unit === undefined) return `time: invalid duration "${text}"`
  if (!/^(us|µs|ms|s|m|h)$/.test(unit)) {
    return `time: unknown unit "${unit}" in duration "${text}"`
  }
  try {
    return parseDurationUs(text)
  } catch (error) {
    if (!(error instanceof UnitError)) throw error
    return `time: invalid duration "${text}"`
  }
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
