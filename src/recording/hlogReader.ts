// Reads `latency.hlog` back, a line at a time. Must not know which series its tags stand for.

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { decodeCounts } from '../core/countsEncoding.ts'
import { messageOf, UserError } from '../core/errors.ts'
import type { CountsCut } from '../core/latencyCounts.ts'
import type { Micros } from '../core/units.ts'

/** Response times of one second and series. */
export interface LatencyInterval {
  /** As `hlogTag` makes it of the names of the series. */
  readonly tag: string
  readonly startUs: Micros
  readonly counts: CountsCut
}

/** The lines in their order; throws `UserError` at the first that cannot be understood. */
export async function* readHlog(path: string): AsyncGenerator<LatencyInterval, void> {
  let line = 0
  for await (const text of createInterface({ input: createReadStream(path) })) {
    line++
    if (text === '' || text.startsWith('#') || text.startsWith('"')) continue
    yield intervalOf(text, `${path}:${line}`)
  }
}

function intervalOf(text: string, place: string): LatencyInterval {
  const match = /^Tag=([^,]*),([\d.]+),[\d.]+,[\d.]+,(\S+)$/.exec(text)
  if (match === null) {
    const message = `${place}: expected 'Tag=…,start,length,maximum,histogram', got '${text.slice(0, 60)}'`
    throw new UserError('usage', message)
  }
  const [, tag, startS, histogram] = match as unknown as [string, string, string, string]
  try {
    return { tag, startUs: Math.round(Number(startS) * 1e6), counts: decodeCounts(histogram) }
  } catch (error) {
    throw new UserError('usage', `${place}: ${messageOf(error)}`, { cause: error })
  }
}
