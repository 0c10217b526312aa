// The entry point of a thread with a server that does nothing: it answers every request of a known
// length with the same bytes, so that whoever loads it meets only its own limits.

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const { requestBytes } = workerData as { readonly requestBytes: number }

const body =
  '{"id":"0","object":"chat.completion","choices":[],"note":"a server that does nothing"}'
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
)

const server = createServer({ noDelay: true }, (socket) => {
  let received = 0
  socket.on('data', ({ length }) => {
    received += length
    if (received < requestBytes) return
    received = 0
    socket.write(answer)
  })
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
parentPort!.postMessage((server.address() as AddressInfo).port)
