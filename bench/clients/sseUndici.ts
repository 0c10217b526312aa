// Token streams with undici's dispatch and eventsource-parser, one client per stream: what a careful
// client of the usual libraries does. usage: node sseUndici.ts URL STREAMS FRAMES GAPSFILE

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Client, type Dispatcher } from 'undici'
import { cachePath } from '../lib/context.ts'
import { finish, pathOf, readSseOptions } from './sseGaps.ts'

/** The part of eventsource-parser that is used. */
interface ParserModule {
  createParser(callbacks: { onEvent(event: { readonly data: string }): void }): {
    feed(text: string): void
  }
}

const require = createRequire(join(cachePath, 'package.json'))
const { createParser } = require('eventsource-parser') as ParserModule
const options = readSseOptions(process.argv.slice(2))
const { origin } = new URL(options.url)
let frames = 0
let failures = 0
let failure = ''
let firstMs = 0

const indexes = Array.from({ length: options.streams }, (_, stream) => stream)
const gapsUs = await Promise.all(indexes.map(readStream))
finish(options, {
  frames,
  seconds: (performance.now() - firstMs) / 1000,
  failures,
  failure,
  gapsUs,
})

function readStream(stream: number): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const client = new Client(origin, { bodyTimeout: 0, headersTimeout: 0 })
    const gaps: number[] = []
    const decoder = new TextDecoder()
    const hasGaps = options.gapsPath !== '-'
    let readMs = 0
    let lastMs: number | null = null
    const parser = createParser({
      onEvent({ data }) {
        if (data === '[DONE]') return
        const chunk = JSON.parse(data) as Chunk
        const content = chunk.choices[0]?.delta.content
        if (content === undefined || content === '') return
        frames++
        if (hasGaps && lastMs !== null) gaps.push((readMs - lastMs) * 1000)
        lastMs = readMs
      },
    })
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {
        if (firstMs === 0) firstMs = performance.now()
      },
      onResponseData(_controller, piece) {
        readMs = performance.now()
        parser.feed(decoder.decode(piece, { stream: true }))
      },
      onResponseEnd: () => resolve(gaps),
      onResponseError(_controller, error) {
        failures++
        failure ||= error.message
        resolve(gaps)
      },
    }
    client.dispatch({ method: 'GET', path: pathOf(stream) }, handler)
  })
}

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[]
}
