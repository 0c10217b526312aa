import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SseOverflow, SseParser } from './sse.ts'

interface Event {
  readonly data: string
  readonly type: string
}

function parse(chunks: readonly Buffer[], eventBytesMax = 1e6): Event[] {
  const events: Event[] = []
  const parser = new SseParser((data, type) => events.push({ data, type }), eventBytesMax)
  for (const chunk of chunks) parser.push(chunk)
  parser.end()
  return events
}

const whole = (text: string) => parse([Buffer.from(text)])
const data = (text: string) => whole(text).map((event) => event.data)

const corpus =
  '\ufeffdata: {"a":1}\n\n: keep-alive\n\ndata:no space\r\n\r\nevent: error\rdata: x\rdata: y ☃ é\r\rdata: \u{1F600}\n\nid: 7\nretry: 10\ndata\n\ndata: last without blank line'

describe('an event stream', () => {
  test('gives the same events however its bytes are split', () => {
    const bytes = Buffer.from(corpus)
    const expected = parse([bytes])
    expect(expected.map((event) => event.data)).toEqual([
      '{"a":1}',
      'no space',
      'x\ny ☃ é',
      '\u{1F600}',
      '',
      'last without blank line',
    ])
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const points = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const chunks = points.slice(1).map((end, i) => bytes.subarray(points[i]!, end))
        expect(parse(chunks)).toEqual(expected)
      }),
    )
    expect(parse(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(expected)
  })

  test('ends lines at LF, CRLF and CR', () => {
    expect(data('data: a\n\ndata: b\r\n\r\ndata: c\r\r')).toEqual(['a', 'b', 'c'])
  })

  test('joins data lines and skips comments and unknown fields', () => {
    expect(data(': hi\ndata: 1\nfoo: bar\ndata: 2\n\n')).toEqual(['1\n2'])
  })

  test('removes one space after the colon, no more', () => {
    expect(data('data:  two\n\ndata:none\n\n')).toEqual([' two', 'none'])
  })

  test('gives no event for blank lines and comments alone', () => {
    expect(data('\n\n: ping\n\n\n')).toEqual([])
  })

  test('tells the type of each event', () => {
    expect(whole('event: error\ndata: x\n\ndata: y\n\n')).toEqual([
      { data: 'x', type: 'error' },
      { data: 'y', type: '' },
    ])
  })

  test('refuses an event that grows past the cap, by lines or in one line', () => {
    expect(() => parse([Buffer.from(`data: ${'x'.repeat(2000)}`)], 1000)).toThrow(SseOverflow)
    expect(() => parse([Buffer.from('data: x\n'.repeat(500))], 1000)).toThrow(SseOverflow)
  })

  test('takes time linear in its bytes when a long line comes byte by byte', () => {
    const byte = Buffer.from('x')
    const events = parse([Buffer.from('data: '), ...Array.from({ length: 300_000 }, () => byte)])
    expect(events[0]!.data).toHaveLength(300_000)
  })
})
