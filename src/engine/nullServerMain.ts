// The entry point of a thread with a server that does nothing: it answers every request with the same
// bytes, so that whoever loads it meets only its own limits. Requests are alike; the first one says
// how long they are. Until it is told otherwise, its answers are as different as those of targets.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'

/** From now on all answers are the same. */
export type NullServerCommand = 'alike'

/** What ids and other numbers in requests make them differ in length, at most. */
const slackBytes = 64

const answer = Buffer.from(
  withLength('', '{"id":"0","object":"chat.completion","note":"a server that does nothing"}'),
)
const answerHead = Buffer.from(headOf(answer.toString()))
const limits =
  'x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 99\r\nx-ratelimit-reset-requests: 1s\r\n'
const usage = '"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}'
const completion = `{"id":"0","object":"chat.completion","choices":[],${usage}}`
const rejection = '{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit"}}'
const events = [
  'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n',
  'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
  'data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}\n\n',
  `data: {"choices":[],${usage}}\n\n`,
  'data: [DONE]\n\n',
]

/** Answers as targets give them, no two with the same head, in the pieces in which they go out. */
const kinds: readonly ((fields: string) => readonly string[])[] = [
  (fields) => [withLength(fields, completion)],
  (fields) => [withLength(fields + limits, completion)],
  (fields) => [
    inChunks(fields, 'application/json', [completion.slice(0, 20), completion.slice(20)]),
  ],
  (fields) => [withLength(`retry-after: 1\r\n${fields}`, rejection, '429 Too Many Requests')],
  (fields) => [inChunks(fields, 'text/event-stream', events)],
  (fields) => halves(withLength(fields, completion)),
]

let answered = 0
let isVaried = true
let request: Request | null = null

const server = createServer({ noDelay: true }, (socket) => {
  let received = 0
  socket.on('data', (bytes) => {
    request ??= requestOf(bytes.toString('latin1'))
    received += bytes.length
    if (received < request.bytes - slackBytes) return
    received = 0
    if (isVaried) answerVaried(socket, request, answered++)
    else socket.write(request.isHead ? answerHead : answer)
  })
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
parentPort!.on('message', () => {
  isVaried = false
})
parentPort!.postMessage((server.address() as AddressInfo).port)

interface Request {
  readonly bytes: number
  /** Answers have no bodies. */
  readonly isHead: boolean
}

/** What the requests are that begin like this. */
function requestOf(text: string): Request {
  const bodyBytes = /\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1]
  return { bytes: headOf(text).length + Number(bodyBytes ?? 0), isHead: text.startsWith('HEAD ') }
}

function headOf(text: string): string {
  return text.slice(0, text.indexOf('\r\n\r\n') + 4)
}

function answerVaried(socket: Socket, { isHead }: Request, i: number): void {
  const fields = `x-request-id: ${i}\r\nDate: ${new Date().toUTCString()}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=60\r\n`
  const pieces = kinds[i % kinds.length]!(fields)
  const [first, second] = isHead ? [headOf(pieces.join(''))] : pieces
  socket.write(first!)
  if (second !== undefined) setImmediate(() => socket.write(second))
}

function withLength(fields: string, body: string, status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${fields}\r\n${body}`
}

function inChunks(fields: string, type: string, chunks: readonly string[]): string {
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
  return `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n${fields}\r\n${body}0\r\n\r\n`
}

function halves(text: string): readonly string[] {
  const half = text.length >> 1
  return [text.slice(0, half), text.slice(half)]
}
