import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamReading } from './driver.ts'
import { EventStream } from './eventStream.ts'
import { SseOverflow, SseParser } from './sse.ts'
import { TokenStream } from './tokenStream.ts'
import { cutAt } from './wire/fixtures.ts'

/** What a stream said, or that it was too much. */
type Read = StreamReading | 'too long'

function unlessTooLong(read: () => StreamReading): Read {
  try {
    return read()
  } catch (error) {
    if (error instanceof SseOverflow) return 'too long'
    throw error
  }
}

const bytesMax = 1e6

/** The instant of a piece is its number. */
function readQuickly(pieces: readonly Buffer[], eventBytesMax = bytesMax): Read {
  return unlessTooLong(() => {
    const stream = new EventStream(eventBytesMax)
    for (const [i, piece] of pieces.entries()) {
      // As drivers do it, which read into the same memory again.
      const chunk = Buffer.from(piece)
      stream.push(chunk, 0, chunk.length, i)
      chunk.fill('"')
    }
    return stream.end()
  })
}

/** The same with every event parsed. */
function readThoroughly(pieces: readonly Buffer[], eventBytesMax = bytesMax): Read {
  return unlessTooLong(() => {
    const tokens = new TokenStream()
    let us = 0
    const parser = new SseParser((data, type) => tokens.event(data, type, us), eventBytesMax)
    for (const [i, piece] of pieces.entries()) {
      us = i
      parser.push(piece)
    }
    parser.end()
    return tokens.reading()
  })
}

/** Bytes before and after the text of an event; most streams consist of one such pair. */
const frames: readonly (readonly [string, string])[] = [
  ['{"choices":[{"delta":{"content":"', '"}}]}'],
  ['{"id":"é","choices":[{"index":0,"delta":{"content":"', '"},"finish_reason":null}]}'],
  ['{"choices":[{"delta":{"role":"assistant","content":"', '"}}],"usage":null}'],
  ['{"choices":[{"delta":{"content":"', '"},"finish_reason":"stop"}]}'],
  ['{"choices":[{"delta":{"content":"', '"}}],"usage":{"completion_tokens":1}}'],
  ['{"choices":[{"delta":{"content":"', '"}}],"error":{"message":"no"}}'],
  ['{"choices":[{"delta":{"content":"', '"}},{"delta":{"content":"b"}}]}'],
  ['{"choices":[{"delta":{"content":"', '","content":""}}]}'],
  ['{"choices":[{"delta":{"content":"', '","tool_calls":[{}]}}]}'],
  ['{"meta":{"delta":{"content":"', '"}},"choices":[{"delta":{"content":""}}]}'],
  ['{"meta":{"delta":{"content":"', '"}},"choices":[{"delta":{"content":"a"}}]}'],
  ['{"error":{"delta":{"content":"', '"}},"choices":[{"delta":{"content":"a"}}]}'],
  ['{"x\\"delta":{"content":"', '"},"choices":[{"delta":{"content":""}}]}'],
  ['{"choices":{"length":1,"0":{"delta":{"content":"', '"}}}}'],
  ['{"choices":[{"delta":{"reasoning_content":"', '"}}]}'],
  ['{"type":"content_block_delta","delta":{"content":"', '"}}'],
  ['{"type":"message_stop","delta":{"content":"', '"}}'],
  ['{"choices":[{"delta":{"content":"', '"}}]'],
]

const escaped = fc
  .string({ unit: fc.constantFrom(...'ab "\\/\n\r\t\u0001é☃{}[]:', '😀', '\u2028', '\ud800') })
  .map((text) => JSON.stringify(text).slice(1, -1))
/** Texts as they stand in JSON, right and wrong. */
const text = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.string({ maxLength: 5 }).map((word) => JSON.stringify(word).slice(1, -1)),
  },
  { weight: 3, arbitrary: escaped },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '\\u0041',
      '\\/',
      '\\x',
      '\\',
      '"',
      '","content":"',
      '\xff\xfe',
      '\t',
    ),
  },
)
const lineEnd = fc.oneof(
  { weight: 8, arbitrary: fc.constant('\n') },
  { weight: 1, arbitrary: fc.constantFrom('\r\n', '\r') },
)
const event = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'data: ',
          'data: ',
          'data: ',
          'data:',
          'event: error\ndata: ',
          ': x\ndata: ',
        ),
        text,
        lineEnd,
      )
      .map(
        ([mark, middle, end]) =>
          (before: string, after: string) =>
            `${mark}${before}${middle}${after}${end}${end}`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        'data: [DONE]\n\n',
        ': ping\n\n',
        '\n',
        'data: {"choices":[],"usage":{"a":1}}\n\n',
        'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
        'data: {"error":{}}\n\n',
        'event: x\n',
        'data: x\n',
      )
      .map((whole) => () => whole),
  },
)
const stream = fc
  .tuple(
    fc.array(fc.constantFrom(...frames), { minLength: 1, maxLength: 2 }),
    fc.array(event, { maxLength: 20 }),
  )
  .map(([used, events]) => {
    const said = events.map((write, i) => write(...used[i % used.length]!))
    return Buffer.concat(
      said.map((part) => Buffer.from(part, part.includes('\xff') ? 'latin1' : 'utf8')),
    )
  })
const places = fc.array(fc.nat(), { maxLength: 6 })

describe('an event stream that tells tokens by their bytes', () => {
  test('says what it says when every event is parsed', () => {
    fc.assert(
      fc.property(stream, places, (bytes, cuts) => {
        const pieces = cutAt(bytes, cuts)
        expect(readQuickly(pieces)).toEqual(readThoroughly(pieces))
      }),
      { numRuns: 2000 },
    )
  })

  test('calls the same events too long', () => {
    fc.assert(
      fc.property(
        stream,
        places,
        fc.integer({ min: 1, max: 150 }),
        (bytes, cuts, eventBytesMax) => {
          const pieces = cutAt(bytes, cuts)
          expect(readQuickly(pieces, eventBytesMax)).toEqual(readThoroughly(pieces, eventBytesMax))
          // That does not depend on where it was cut.
          const isTooLong = readQuickly([bytes], eventBytesMax) === 'too long'
          expect(readQuickly(pieces, eventBytesMax) === 'too long').toBe(isTooLong)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('never has too much only at its end', () => {
    const stream = new EventStream(1000)
    const first = Buffer.from(`data: ${'x'.repeat(600)}\n`)
    const second = Buffer.from(`data: ${'x'.repeat(600)}`)
    stream.push(first, 0, first.length, 0)
    expect(() => stream.push(second, 0, second.length, 0)).toThrow(SseOverflow)
  })

  test('counts many tokens alike, each at its instant', () => {
    const token = (i: number) =>
      Buffer.from(`data: {"choices":[{"delta":{"content":"${i} ☃"}}]}\n\n`)
    const pieces = Array.from({ length: 1000 }, (_, i) => token(i))
    const reading = readQuickly(pieces)
    expect(reading).toMatchObject({ tokenEvents: 1000, isFinished: false, errorBody: null })
    expect(reading).toMatchObject({ gapsUs: new Float64Array(999).fill(1) })
  })

  test('holds a long line that comes byte by byte in memory of its own length', () => {
    const stream = new EventStream(1e6)
    const byte = Buffer.from('x')
    const before = process.memoryUsage()
    for (let i = 0; i < 900_000; i++) stream.push(byte, 0, 1, 0)
    const after = process.memoryUsage()
    expect(
      after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers,
    ).toBeLessThan(30e6)
  })
})
