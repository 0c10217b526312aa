// Which limiter says no first to evenly spaced requests of one kind: a chain played through in
// virtual time, without a request being sent.

import { VirtualClock } from '../core/clock.ts'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import { LimiterChain } from './chain.ts'
import { Play } from './play.ts'

/** Requests of one kind, `gapUs` apart. */
export interface EvenStream {
  readonly estimate: RequestCost
  readonly actual: RequestCost
  readonly gapUs: Micros
  readonly serviceUs: (others: number) => Micros
}

/** How far a stream is played before "none" is the answer. */
export interface PlayBounds {
  readonly requestsMax: number
  /** Span from the first request. */
  readonly untilUs: Micros
  /** When the first request is sent: wall-clock windows begin at multiples of their length. Default 0. */
  readonly startUs?: Micros
}

export interface FirstDenial {
  /** The limiter that denies first; null: none does within the bounds. */
  readonly limiter: string | null
  /** Requests admitted before it does. */
  readonly admitted: number
  /** Requests sent up to and with the denied one. */
  readonly sent: number
  /** Span until it denies, or until the bounds were reached. */
  readonly us: Micros
  /** False: `requestsMax` came before `untilUs`, so that "none" is not certain. */
  readonly isCertain: boolean
}

/** Plays a stream through fresh limiters until one denies or a bound is reached. */
export function firstDenial(
  limiters: readonly NamedLimiter[],
  stream: EvenStream,
  { requestsMax, untilUs, startUs = 0 }: PlayBounds,
): FirstDenial {
  const clock = new VirtualClock(startUs)
  const chain = new LimiterChain(limiters)
  const play = new Play(clock)
  let denial: { limiter: string; us: Micros } | null = null
  let denied = 0
  const ended = ({ denier, endUs }: { denier: NamedLimiter | null; endUs: Micros }) => {
    if (denier === null) return
    denied++
    denial ??= { limiter: denier.name, us: endUs - startUs }
  }
  let sent = 0
  for (; denial === null && sent < requestsMax; sent++) {
    const us = Math.round(sent * stream.gapUs)
    if (us > untilUs) break
    clock.advanceTo(startUs + us)
    if (denial === null) play.send(chain, { subject: { key: 'lane' }, ...stream }, ended)
  }
  const { limiter, us } = (denial as { limiter: string; us: Micros } | null) ?? {
    limiter: null,
    us: Math.min(untilUs, Math.round(sent * stream.gapUs)),
  }
  const isCertain = limiter !== null || sent < requestsMax
  return { limiter, admitted: sent - denied, sent, us, isCertain }
}
