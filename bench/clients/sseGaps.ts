// What the clients of token streams have in common: their arguments and what they leave.

import { writeFileSync } from 'node:fs'

/** usage: URL STREAMS FRAMES GAPSFILE; '-': no file. */
export interface SseOptions {
  readonly url: string
  readonly streams: number
  /** Tokens of each stream; 0 where nobody knows. */
  readonly frames: number
  readonly gapsPath: string
}

export function readSseOptions(args: readonly string[]): SseOptions {
  const [url = '', streams = '1', frames = '0', gapsPath = '-'] = args
  return { url, streams: Number(streams), frames: Number(frames), gapsPath }
}

export function pathOf(stream: number): string {
  return `/v1/chat/completions?stream=${stream}`
}

/** What all streams gave. */
export interface SseResult {
  readonly frames: number
  readonly seconds: number
  readonly failures: number
  /** What the first failure was; '' without one. */
  readonly failure: string
  /** Of each stream, in µs. */
  readonly gapsUs: readonly (readonly number[])[]
}

/** Writes the gaps as 64-bit floats, FRAMES - 1 per stream, NaN where one is missing; then ends. */
export function finish({ frames: framesWanted, gapsPath }: SseOptions, result: SseResult): never {
  const { frames, seconds, failures, failure, gapsUs } = result
  if (gapsPath !== '-') {
    const width = framesWanted - 1
    const table = new Float64Array(gapsUs.length * width).fill(Number.NaN)
    for (const [stream, gaps] of gapsUs.entries()) {
      table.set(gaps.slice(0, width), stream * width)
    }
    writeFileSync(gapsPath, table)
  }
  const framesPerS = frames / seconds
  const report = { requests: gapsUs.length, frames, seconds, framesPerS, failures, failure }
  process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exit(0)
}
