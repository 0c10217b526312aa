// Token streams with limitscope's own driver, without the rest of the engine.
// usage: node sseLimitscope.ts URL STREAMS FRAMES GAPSFILE

import { realClock } from '../../src/core/realClock.ts'
import { wireDriver } from '../../src/drivers/wire/wire.ts'
import { finish, pathOf, readSseOptions } from './sseGaps.ts'

const timeoutUs = 300_000_000
// A peak of some seconds is longer than any answer may be.
const caps = { bodyBytesMax: 2 ** 50, keptBytesMax: 2 ** 20, eventBytesMax: 2 ** 20 }
const options = readSseOptions(process.argv.slice(2))
const driver = wireDriver(new URL(options.url).origin, realClock(), { caps })
let frames = 0
let failures = 0
let failure = ''
let firstUs = Number.POSITIVE_INFINITY
let endUs = 0

const indexes = Array.from({ length: options.streams }, (_, stream) => stream)
const gapsUs = await Promise.all(indexes.map(readStream))
finish(options, { frames, seconds: (endUs - firstUs) / 1e6, failures, failure, gapsUs })

function readStream(stream: number): Promise<readonly number[]> {
  const template = {
    method: 'GET',
    path: pathOf(stream),
    headers: { accept: 'text/event-stream' },
    idPrefix: null,
    body: { head: '', variable: null, tail: '' },
  }
  return new Promise((resolve) => {
    driver.send(template, stream, timeoutUs, {
      ended(exchange) {
        if (exchange.failure !== null || exchange.stream === null) {
          failures++
          failure ||= exchange.failure?.message ?? 'no token stream'
        }
        frames += exchange.stream?.tokenEvents ?? 0
        firstUs = Math.min(firstUs, exchange.firstByteUs ?? Number.POSITIVE_INFINITY)
        endUs = Math.max(endUs, exchange.endUs)
        // An exchange is valid in its callback only.
        resolve(options.gapsPath === '-' ? [] : [...(exchange.stream?.gapsUs ?? [])])
      },
    })
  })
}
