// Reads what HdrHistogram's V2 encoding holds, straight into sparse counts: building a histogram for
// each line of a log, only to add it to another, takes thirty times as long. Must not know files.

import { inflateSync } from 'node:zlib'
import { type CountsCut, latencyUsMax, valueAt } from './latencyCounts.ts'

// Cookies say the format; the low nibble of their second digit is the word size of older versions.
const cookieMask = 0xffff_ff0f
const plainCookie = 0x1c84_9303
const compressedCookie = 0x1c84_9304
const headBytes = 40

/** The counts that `LatencyHistogram.encode` wrote; throws where the text holds none of its kind. */
export function decodeCounts(text: string): CountsCut {
  const outer = Buffer.from(text, 'base64')
  if (cookieOf(outer) !== compressedCookie) throw new Error('expected a compressed V2 histogram')
  const bytes = inflateSync(outer.subarray(8))
  if (cookieOf(bytes) !== plainCookie) throw new Error('expected a V2 histogram')
  const digits = bytes.readInt32BE(12)
  const lowest = bytes.readBigInt64BE(16)
  if (digits !== 3 || lowest !== 1n) {
    throw new Error(`expected three digits from 1 µs on, got ${digits} from ${lowest} on`)
  }
  return cutOf(bytes.subarray(headBytes, headBytes + bytes.readInt32BE(4)))
}

function cookieOf(bytes: Buffer): number {
  return bytes.length < 8 ? 0 : (bytes.readUInt32BE(0) & cookieMask) >>> 0
}

/** ZigZag LEB128 words: a count, or, when negative, how many counts are 0. */
function cutOf(bytes: Buffer): CountsCut {
  const indices: number[] = []
  const counts: number[] = []
  let total = 0
  let index = 0
  let at = 0
  while (at < bytes.length) {
    let word = 0
    let scale = 1
    let byte = 0
    do {
      byte = bytes[at++] ?? 0
      word += (byte & 0x7f) * scale
      scale *= 128
    } while (byte >= 128)
    const value = word % 2 === 0 ? word / 2 : -(word + 1) / 2
    if (value > 0) {
      indices.push(index)
      counts.push(value)
      total += value
    }
    index += value < 0 ? -value : 1
  }
  const first = indices[0]
  const last = indices.at(-1)
  return {
    indices: Uint16Array.from(indices),
    counts: Uint32Array.from(counts),
    count: total,
    minUs: first === undefined ? latencyUsMax : valueAt(first),
    maxUs: last === undefined ? 0 : valueAt(last + 1) - 1,
  }
}
