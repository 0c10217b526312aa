// For tests of the drivers: what is to be seen of an exchange, and responses written by hand. Bytes
// are written as latin1 text.

import type { Driver, Exchange, RequestTemplate } from '../driver.ts'

export const get: RequestTemplate = {
  method: 'GET',
  path: '/',
  headers: {},
  idPrefix: null,
  body: { head: '', variable: null, tail: '' },
}

/** What every driver has to tell in the same way; exchanges themselves are used again. */
export interface Seen {
  readonly outcome: 'complete' | 'timeout' | 'broken' | 'aborted'
  readonly message: string
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly bytesIn: number
  readonly hasLimitFields: boolean
  readonly stream: object | null
  /** From the hand-over to the end. */
  readonly tookUs: number
}

export function seen(exchange: Exchange): Seen {
  const { failure, status, body, bytesIn, hasLimitFields, stream, handedUs, endUs } = exchange
  return {
    outcome: failure?.kind ?? 'complete',
    message: failure?.message ?? '',
    status,
    headers: { ...exchange.headers },
    body,
    bytesIn,
    hasLimitFields,
    stream: stream && { ...stream, gapsUs: stream.gapsUs.length },
    tookUs: endUs - handedUs,
  }
}

/** Sends one request and resolves at its end. */
export function fetchFrom(
  driver: Driver,
  changes: Partial<RequestTemplate> = {},
  timeoutUs = 5_000_000,
): Promise<Seen> {
  return new Promise((resolve) => {
    const caller = { ended: (exchange: Exchange) => resolve(seen(exchange)) }
    driver.send({ ...get, ...changes }, 1, timeoutUs, caller)
  })
}

/** Bytes cut at some of their places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const points = [...new Set([0, ...places.map((place) => place % (bytes.length + 1))])]
  const ends = [...points.sort((a, b) => a - b), bytes.length]
  return points.map((start, i) => bytes.subarray(start, ends[i + 1]))
}

/** All ways to cut in two, and byte by byte. */
export function* everySplit(bytes: Buffer): Generator<Buffer[]> {
  for (let cut = 1; cut < bytes.length; cut++) yield cutAt(bytes, [cut])
  yield Array.from(bytes, (byte) => Buffer.from([byte]))
}

/** A response; after its bytes the connection is closed unless it `staysOpen`. */
export interface Answer {
  readonly bytes: string
  readonly method?: 'HEAD'
  readonly staysOpen?: boolean
}

const ok = 'HTTP/1.1 200 OK\r\n'
const okay = `${ok}Content-Length: 2\r\n\r\nok`
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
const json = (status: string, fields: string, body: string) =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`

/** Responses that are complete. */
export const complete: Readonly<Record<string, Answer>> = {
  'a length': { bytes: okay },
  'a length, kept open': { bytes: okay, staysOpen: true },
  'a length of 0': { bytes: `${ok}Content-Length: 0\r\n\r\n`, staysOpen: true },
  'a length with zeros before it': { bytes: `${ok}Content-Length: 0000000000000000002\r\n\r\nok` },
  'a length after a tab': { bytes: `${ok}Content-Length:\t2\r\n\r\nok` },
  'a length without a space': { bytes: `${ok}Content-Length:2\r\n\r\nok` },
  'names in odd cases': { bytes: `${ok}cOnTeNt-LeNgTh: 2\r\nX-ODD: Y\r\n\r\nok` },
  'bytes after the body': { bytes: `${okay}junk` },
  'a response after the body': { bytes: okay + okay },
  'limits and a JSON body': {
    bytes: json(
      '429 Too Many Requests',
      'Retry-After: 7\r\nX-RateLimit-Limit: 60\r\n',
      '{"error":1}',
    ),
  },
  'a limit field by an unusual name': { bytes: `${ok}Llm-RateLimit: 5\r\n\r\n` },
  'a usage field by an unusual name': { bytes: `${ok}Llm_Usage_Total: 5\r\n\r\n` },
  'no field about limits': { bytes: `${ok}X-Corate: 5\r\nX-Retried: 1\r\n\r\n` },
  'chunks of both cases': {
    bytes: `${chunked}A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n`,
    staysOpen: true,
  },
  'chunk sizes with zeros before them': { bytes: `${chunked}0002\r\nok\r\n000\r\n\r\n` },
  'chunk extensions': {
    bytes: `${chunked}2;a=b;c="d e";f\r\nok\r\n0;x\r\n\r\n`,
  },
  'chunk extensions with escapes': { bytes: `${chunked}2;c="d\\"\xe9\t;"\r\nok\r\n0\r\n\r\n` },
  trailers: { bytes: `${chunked}2\r\nok\r\n0\r\nX-T: 1\r\nX-Empty:\r\n\r\n`, staysOpen: true },
  'a trailer about the connection': {
    bytes: `${chunked}2\r\nok\r\n0\r\nConnection: close\r\n\r\n`,
  },
  'no chunk but the last': { bytes: `${chunked}0\r\n\r\n`, staysOpen: true },
  'bytes after the last chunk': { bytes: `${chunked}2\r\nok\r\n0\r\n\r\njunk` },
  'chunks in HTTP/1.0': {
    bytes: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  },
  'chunked in odd cases': {
    bytes: `${ok}transfer-encoding: ChUnKeD\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  },
  'the end of the connection': { bytes: `${ok}X: y\r\n\r\nall of this` },
  'the end of the connection, at once': { bytes: `${ok}\r\n` },
  'the end of a connection in HTTP/1.0': { bytes: 'HTTP/1.0 200 OK\r\n\r\nall' },
  'a length in HTTP/1.0': { bytes: 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok' },
  'early hints before': { bytes: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${okay}` },
  'early hints with a length': {
    bytes: `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n${okay}`,
  },
  'ten times processing before': { bytes: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(10) + okay },
  'HEAD with a length': {
    bytes: `${ok}Content-Length: 99\r\n\r\n`,
    method: 'HEAD',
    staysOpen: true,
  },
  'HEAD with chunks': { bytes: chunked, method: 'HEAD', staysOpen: true },
  'HEAD without anything': { bytes: `${ok}\r\n`, method: 'HEAD' },
  'no content': { bytes: 'HTTP/1.1 204 No Content\r\n\r\n', staysOpen: true },
  'no content, with a length': {
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n',
    staysOpen: true,
  },
  'no content, with content': {
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok',
  },
  'no content, in chunks': {
    bytes: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
  },
  'not modified': { bytes: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', staysOpen: true },
  'not modified, with a length': {
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
  },
  'a status of 205': { bytes: 'HTTP/1.1 205 Reset Content\r\n\r\nabc' },
  'a status of 600': { bytes: 'HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok' },
  'a status of 999': { bytes: 'HTTP/1.1 999 Denied\r\nContent-Length: 2\r\n\r\nok' },
  'no reason': { bytes: 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok' },
  'no reason and no space': { bytes: 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok' },
  'a long reason': {
    bytes: `HTTP/1.1 200 ${'so '.repeat(2000)}\r\nContent-Length: 2\r\n\r\nok`,
  },
  'a reason with a tab and letters beyond ASCII': {
    bytes: 'HTTP/1.1 200 O\tK \xe9\xff\r\nContent-Length: 2\r\n\r\nok',
  },
  'empty values': { bytes: `${ok}X:\r\nY: \t\r\nContent-Length: 2\r\n\r\nok` },
  'white space in values': { bytes: `${ok}X: \t a \t b\r\nContent-Length: 2\r\n\r\nok` },
  'values beyond ASCII': {
    bytes: `${ok}X: caf\xe9 \xe2\x98\x83 \xff\r\nContent-Length: 2\r\n\r\nok`,
  },
  'repeated fields': {
    bytes: `${ok}X: 1\r\nx: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX:\r\nContent-Length: 2\r\n\r\nok`,
  },
  'names that objects have': {
    bytes: `${ok}__proto__: 1\r\nconstructor: 2\r\ntoString: 3\r\nhasOwnProperty: 4\r\nContent-Length: 2\r\n\r\nok`,
  },
  'names of all characters': {
    bytes: `${ok}!#$%&'*+-.^_\`|~09azAZ: 1\r\nContent-Length: 2\r\n\r\nok`,
  },
  'colons in a value': { bytes: `${ok}X: a:b: c\r\nY::\r\nContent-Length: 2\r\n\r\nok` },
  'two types': {
    bytes: `${ok}Content-Type: application/json\r\nContent-Type: text/event-stream\r\n\r\n{}`,
  },
  'a type that only looks like a stream': {
    bytes: `${ok}Content-Type: \xa0text/event-stream\r\n\r\n{}`,
  },
  'an offer to upgrade': {
    bytes: `${ok}Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok`,
  },
  'a body of all bytes': {
    bytes: `${ok}Content-Length: 256\r\n\r\n${String.fromCharCode(...Array(256).keys())}`,
  },
  'a body that looks like a response': {
    bytes: `${ok}Content-Length: ${okay.length}\r\n\r\n${okay}`,
  },
  'a compressed body': {
    bytes: `${ok}Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03`,
  },
}

/** Responses that are not. */
export const broken: Readonly<Record<string, Answer>> = {
  nothing: { bytes: '' },
  'an end in the version': { bytes: 'HTTP/1' },
  'an end in the status': { bytes: 'HTTP/1.1 20' },
  'an end in the reason': { bytes: 'HTTP/1.1 200 O' },
  'an end after the status line': { bytes: ok },
  'an end in a name': { bytes: `${ok}Content-Le` },
  'an end in a value': { bytes: `${ok}Content-Length: 2` },
  'an end in the blank line': { bytes: `${ok}Content-Length: 2\r\n\r` },
  'an end before the body': { bytes: `${ok}Content-Length: 2\r\n\r\n` },
  'an end in the body': { bytes: `${ok}Content-Length: 5\r\n\r\nok` },
  'an end after early hints': { bytes: 'HTTP/1.1 103 Early Hints\r\n\r\n' },
  'an end before the chunks': { bytes: chunked },
  'an end in a chunk size': { bytes: `${chunked}2` },
  'an end in a chunk extension': { bytes: `${chunked}2;a` },
  'an end in a chunk': { bytes: `${chunked}5\r\nok` },
  'an end after a chunk': { bytes: `${chunked}2\r\nok` },
  'no last chunk': { bytes: `${chunked}2\r\nok\r\n` },
  'an end in the last chunk': { bytes: `${chunked}2\r\nok\r\n0\r\n` },
  'an end in the trailers': { bytes: `${chunked}2\r\nok\r\n0\r\nX: y\r\n` },
  'early hints that close': {
    bytes: `HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n${okay}`,
  },
  'early hints of HTTP/1.0': { bytes: `HTTP/1.0 103 Early Hints\r\n\r\n${okay}` },
  'an upgrade': { bytes: 'HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n' },
  'HTTP/0.9': { bytes: '<html>hello</html>\r\n' },
  'HTTP/1.2': { bytes: 'HTTP/1.2 200 OK\r\n\r\n' },
  'HTTP/2 frames': { bytes: '\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64' },
  SSH: { bytes: 'SSH-2.0-OpenSSH_9.2\r\n' },
  'http in small letters': { bytes: 'http/1.1 200 OK\r\n\r\n' },
  'a status of 99': { bytes: 'HTTP/1.1 99 Odd\r\n\r\n' },
  'a status of 099': { bytes: 'HTTP/1.1 099 Odd\r\n\r\n' },
  'a status of 1000': { bytes: 'HTTP/1.1 1000 Odd\r\n\r\n' },
  'a negative status': { bytes: 'HTTP/1.1 -20 Odd\r\n\r\n' },
  'two spaces before the status': { bytes: 'HTTP/1.1  200 OK\r\n\r\n' },
  'a tab after the status': { bytes: 'HTTP/1.1 200\tOK\r\n\r\n' },
  'a bare LF after the status': { bytes: 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok' },
  'bare LFs': { bytes: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok' },
  'a bare LF after a field': { bytes: `${ok}X: y\nContent-Length: 2\r\n\r\nok` },
  'a bare LF for the blank line': { bytes: `${ok}Content-Length: 2\r\n\nok` },
  'a bare CR in a value': { bytes: `${ok}X: y\rZ: z\r\nContent-Length: 2\r\n\r\nok` },
  'a NUL in a value': { bytes: `${ok}X: y\0z\r\nContent-Length: 2\r\n\r\nok` },
  'a control character in a value': { bytes: `${ok}X: y\x1fz\r\nContent-Length: 2\r\n\r\nok` },
  'a DEL in a value': { bytes: `${ok}X: y\x7fz\r\nContent-Length: 2\r\n\r\nok` },
  'a folded line': { bytes: `${ok}X: y\r\n z\r\nContent-Length: 2\r\n\r\nok` },
  'a folded line with a tab': { bytes: `${ok}X: y\r\n\tz\r\nContent-Length: 2\r\n\r\nok` },
  'a folded first line': { bytes: `${ok} X: y\r\nContent-Length: 2\r\n\r\nok` },
  'a space before the colon': { bytes: `${ok}Content-Length : 2\r\n\r\nok` },
  'no colon': { bytes: `${ok}nonsense\r\nContent-Length: 2\r\n\r\nok` },
  'no name': { bytes: `${ok}: y\r\nContent-Length: 2\r\n\r\nok` },
  'a name with brackets': { bytes: `${ok}X(y): z\r\nContent-Length: 2\r\n\r\nok` },
  'a name with a quote': { bytes: `${ok}X"y: z\r\nContent-Length: 2\r\n\r\nok` },
  'a name beyond ASCII': { bytes: `${ok}X\xe9: z\r\nContent-Length: 2\r\n\r\nok` },
  'a head of more than 16 KiB': { bytes: `${ok}X: ${'y'.repeat(17_000)}\r\n\r\n` },
  'many fields of more than 16 KiB': { bytes: `${ok}${'X: yyyyyyyyyy\r\n'.repeat(1700)}\r\n` },
  'a negative length': { bytes: `${ok}Content-Length: -2\r\n\r\nok` },
  'a length with a sign': { bytes: `${ok}Content-Length: +2\r\n\r\nok` },
  'a length in hex': { bytes: `${ok}Content-Length: 0x2\r\n\r\nok` },
  'a length with a fraction': { bytes: `${ok}Content-Length: 2.0\r\n\r\nok` },
  'an empty length': { bytes: `${ok}Content-Length: \r\n\r\nok` },
  'a list of lengths': { bytes: `${ok}Content-Length: 2, 2\r\n\r\nok` },
  'a length beyond all numbers': { bytes: `${ok}Content-Length: ${'9'.repeat(30)}\r\n\r\nok` },
  'a length of petabytes': { bytes: `${ok}Content-Length: 999999999999999\r\n\r\nok` },
  'a length after a wide space': { bytes: `${ok}Content-Length:\xa02\r\n\r\nok` },
  'a length before a space': { bytes: `${ok}Content-Length: 2 \r\n\r\nok` },
  'the same length twice': { bytes: `${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok` },
  'a length of 0 twice': { bytes: `${ok}Content-Length: 0\r\nContent-Length: 0\r\n\r\n` },
  'two lengths': { bytes: `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!` },
  'a length and chunks': {
    bytes: `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  },
  'chunks and a length': {
    bytes: `${ok}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  },
  'a length and no coding': {
    bytes: `${ok}Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok`,
  },
  'a chunk size that is none': { bytes: `${chunked}xyz\r\nok\r\n0\r\n\r\n` },
  'an empty chunk size': { bytes: `${chunked}\r\nok\r\n0\r\n\r\n` },
  'a negative chunk size': { bytes: `${chunked}-2\r\nok\r\n0\r\n\r\n` },
  'a chunk size beyond all numbers': { bytes: `${chunked}FFFFFFFFFFFFFFFFF\r\nok\r\n0\r\n\r\n` },
  'a space before a chunk size': { bytes: `${chunked} 2\r\nok\r\n0\r\n\r\n` },
  'a space after a chunk size': { bytes: `${chunked}2 \r\nok\r\n0\r\n\r\n` },
  'letters after a chunk size': { bytes: `${chunked}2x\r\nok\r\n0\r\n\r\n` },
  'a bare LF after a chunk size': { bytes: `${chunked}2\nok\r\n0\r\n\r\n` },
  'a bare LF after a chunk': { bytes: `${chunked}2\r\nok\n0\r\n\r\n` },
  'a bare LF after the last chunk': { bytes: `${chunked}2\r\nok\r\n0\r\n\n` },
  'a chunk longer than its size': { bytes: `${chunked}1\r\nok\r\n0\r\n\r\n` },
  'a chunk shorter than its size': { bytes: `${chunked}3\r\nok\r\n0\r\n\r\n` },
  'an empty chunk extension': { bytes: `${chunked}2;\r\nok\r\n0\r\n\r\n` },
  'a space in a chunk extension': { bytes: `${chunked}2; a\r\nok\r\n0\r\n\r\n` },
  'a control character in a chunk extension': { bytes: `${chunked}2;\x01\r\nok\r\n0\r\n\r\n` },
  'a chunk extension with an open quote': { bytes: `${chunked}2;a="b\r\nok\r\n0\r\n\r\n` },
  'a chunk extension with two values': { bytes: `${chunked}2;a=b=c\r\nok\r\n0\r\n\r\n` },
  'a trailer without a colon': { bytes: `${chunked}2\r\nok\r\n0\r\nnonsense\r\n\r\n` },
  'a trailer with a space in its name': { bytes: `${chunked}2\r\nok\r\n0\r\nX y: z\r\n\r\n` },
  'a trailer with a control character': { bytes: `${chunked}2\r\nok\r\n0\r\nX: \x01\r\n\r\n` },
  'a folded trailer': { bytes: `${chunked}2\r\nok\r\n0\r\nX: y\r\n z\r\n\r\n` },
  'a length as a trailer': { bytes: `${chunked}2\r\nok\r\n0\r\nContent-Length: 2\r\n\r\n` },
  'trailers of more than 16 KiB': { bytes: `${chunked}0\r\nX: ${'y'.repeat(17_000)}\r\n\r\n` },
}

const delta = (content: string) =>
  `data: {"id":"c","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]}\n\n`
const stop = 'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
const done = 'data: [DONE]\n\n'

/** Bodies of streams, in UTF-8, by dialect. */
export const streams: Readonly<Record<string, string>> = {
  'OpenAI, with usage': `data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n${['Hel', 'lo', ' ☃', '\n"q"\\', '😀'].map(delta).join('')}${stop}data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\n${done}`,
  'OpenAI, no end': ['a', 'b', 'c'].map(delta).join(''),
  'OpenAI, without the last blank line': `${delta('a')}${delta('b')}data: [DONE]`,
  'OpenAI, texts of every kind': `${['a', '', '"', '\\', '\u0001', '\u2028', 'é', '{"error":1}'].map(delta).join('')}${done}`,
  reasoning: `data: {"choices":[{"delta":{"reasoning_content":"so"}}]}\n\ndata: {"choices":[{"delta":{"reasoning":"so"}}]}\n\n${delta('a')}${delta('b')}${done}`,
  'tool calls': `data: {"choices":[{"delta":{"content":null,"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}}]}\n\ndata: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}\n\n`,
  'several choices': `data: {"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}\n\n${delta('c')}${done}`,
  'an error in the stream': `${delta('a')}${delta('b')}data: {"error":{"message":"slow down","code":429}}\n\n${delta('c')}`,
  'an error by its type': `${delta('a')}event: error\ndata: {"message":"overloaded"}\n\n`,
  'usage in every event': `${['a', 'b'].map((text) => delta(text).replace('"id":"c"', '"id":"c","usage":{"completion_tokens":1}')).join('')}${done}`,
  Anthropic:
    'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}\n\nevent: ping\ndata: {"type":"ping"}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}}\n\nevent: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
  'Anthropic, an error':
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
  Gemini:
    'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"usageMetadata":{"totalTokenCount":7}}\r\n\r\n',
  'old completions': `data: {"choices":[{"text":"a"}]}\n\ndata: {"choices":[{"text":"","finish_reason":"length"}]}\n\n${done}`,
  'comments between': `: OPENROUTER PROCESSING\n\n${delta('a')}:\n\n: ping\n\n${delta('b')}: x\n${delta('c')}${done}`,
  'lines that end with CRLF': `${delta('a')}${delta('b')}${delta('c')}${done}`.replaceAll(
    '\n',
    '\r\n',
  ),
  'lines that end with CR': `${delta('a')}${delta('b')}${delta('c')}${done}`.replaceAll('\n', '\r'),
  'a byte order mark': `\ufeff${delta('a')}${delta('b')}${done}`,
  'data without a space': `${delta('a')}${delta('b')}${delta('c')}${done}`.replaceAll(
    'data: ',
    'data:',
  ),
  'ids and retries': `id: 1\nretry: 10\n${delta('a')}id: 2\n${delta('b')}${done}`,
  'data in several lines': `data: {"choices":\ndata: [{"delta":{"content":"a"}}]}\n\n${delta('b')}${done}`,
  'events that are no JSON': `data: hello\n\n${delta('a')}data: {"choices":[\n\ndata: 5\n\ndata: null\n\n${delta('b')}${done}`,
  'content that is not the content': `data: {"meta":{"delta":{"content":"x"}},"choices":[{"delta":{"content":""}}]}\n\ndata: {"meta":{"delta":{"content":"y"}},"choices":[{"delta":{"content":""}}]}\n\n${done}`,
  'content twice': `data: {"choices":[{"delta":{"content":"x","content":""}}]}\n\ndata: {"choices":[{"delta":{"content":"y","content":""}}]}\n\n${done}`,
  'choices that are no list': `data: {"choices":{"length":1,"0":{"delta":{"content":"x"}}}}\n\ndata: {"choices":{"length":1,"0":{"delta":{"content":"y"}}}}\n\n${done}`,
  'nothing at all': '',
  'JSON instead of events': '{"error":{"message":"no"}}',
}
