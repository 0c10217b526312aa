// A closed loop on Node's own sockets with nothing around them: no parser, no clock, no record, one
// read for one answer. What a generator in Node cannot be faster than, and so what all the rest of
// limitscope costs. usage: node bareSockets.ts URL CONNECTIONS SECONDS, after a second of warm-up

import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const [url = '', connectionsText = '64', secondsText = '5'] = process.argv.slice(2)
const { protocol, hostname, port, host, pathname } = new URL(url)
const request = Buffer.from(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
const buffer = Buffer.allocUnsafeSlow(64 * 1024)
let requests = 0
let failures = 0
let due: Socket[] = []

for (let i = 0; i < Number(connectionsText); i++) open()
setTimeout(measure, 1000)

function open(): void {
  const callback = () => {
    requests++
    // Once all answers that are there have been read, as limitscope does.
    if (due.push(socket) === 1) setImmediate(sendAll)
    return true
  }
  const address = { host: hostname, port: Number(port), onread: { buffer, callback } }
  const isTls = protocol === 'https:'
  const socket = isTls ? connectTls({ ...address, rejectUnauthorized: false }) : connectTcp(address)
  socket.setNoDelay(true)
  socket.on(isTls ? 'secureConnect' : 'connect', () => socket.write(request))
  socket.on('error', () => {})
  // After an error, too.
  socket.on('close', () => failures++)
}

function sendAll(): void {
  const sockets = due
  due = []
  for (const socket of sockets) socket.write(request)
}

function measure(): void {
  requests = 0
  const startMs = performance.now()
  setTimeout(() => {
    const seconds = (performance.now() - startMs) / 1000
    process.stdout.write(`${JSON.stringify({ requests, seconds, failures })}\n`)
    process.exit(0)
  }, Number(secondsText) * 1000)
}
