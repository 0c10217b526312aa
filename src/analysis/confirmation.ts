// Whether a trigger was a change: pairs of runs, measured in turns, decide. Pure; who measures is a
// parameter.

import { signedRank } from '../core/rankTests.ts'

/** Ten pairs; where they leave it open, ten more. */
export const pairsPerStage = 10
/** Exact and one-sided, by stage: of ten pairs all ten (1/1024), of twenty nearly all. */
const pMost = [0.001, 0.0005]
/** No more than these are ever needed. */
export const pairsMost = pairsPerStage * pMost.length
/** Above this there is nothing to look at again. */
const pOpen = 0.3
/** A change is more than this, whatever the user takes for the least. */
const changeLeast = 0.015

export interface ConfirmationOptions {
  /** Least relative change that matters; default 0.015, which is also the least there is. */
  readonly changeLeast?: number
}

export interface Confirmation {
  readonly verdict: 'REGRESSION' | 'NOISE'
  readonly pairs: number
  readonly p: number
  /** Relative change (Hodges-Lehmann), and its exact 95 % interval. */
  readonly change: number
  readonly interval: readonly [number, number]
}

/** The order of a pair's two runs: ABBA, so that a drift falls on both sides alike. */
export function isBaseFirst(pair: number): boolean {
  return pair % 2 === 0
}

/** What pairs say so far; null: another stage is needed. `logRatios` are positive where it is worse. */
export function confirmation(
  logRatios: readonly number[],
  { changeLeast: least = changeLeast }: ConfirmationOptions = {},
): Confirmation | null {
  if (logRatios.length < pairsPerStage) return null
  const { estimate, interval, pAbove } = signedRank(logRatios)
  const stage = Math.min(pMost.length, Math.floor(logRatios.length / pairsPerStage))
  const isLarge = estimate > Math.log1p(Math.max(changeLeast, least))
  const isChange = pAbove <= pMost[stage - 1]! && isLarge
  const isOpen = pAbove <= pOpen && stage < pMost.length
  if (!isChange && isOpen) return null
  return {
    verdict: isChange ? 'REGRESSION' : 'NOISE',
    pairs: logRatios.length,
    p: pAbove,
    change: Math.expm1(estimate),
    interval: [Math.expm1(interval[0]), Math.expm1(interval[1])],
  }
}
