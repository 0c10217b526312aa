// The server that does nothing, as undici sees it.

import { once } from 'node:events'
import { connect } from 'node:net'
import type { Worker } from 'node:worker_threads'
import { Client } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { startThread } from '../core/thread.ts'
import type { NullServerCommand } from './nullServerMain.ts'

let server: Worker | null = null

afterEach(async () => {
  await server?.terminate()
  server = null
})

/** Starts the server; returns its port. */
async function startServer(): Promise<number> {
  server = startThread('engine/nullServerMain', {})
  const [port] = (await once(server, 'message')) as [number]
  return port
}

async function ask(client: Client): Promise<[number, string]> {
  const answer = await client.request({ method: 'POST', path: '/', body: '{"prompt":"hello"}' })
  return [answer.statusCode, await answer.body.text()]
}

test('answers are of all kinds, and alike once it is told so', async () => {
  const client = new Client(`http://127.0.0.1:${await startServer()}`)
  const kinds: [number, string][] = []
  for (let i = 0; i < 6; i++) kinds.push(await ask(client))
  expect(kinds.map(([status]) => status)).toEqual([200, 200, 200, 429, 200, 200])
  expect(kinds.filter(([, text]) => text.includes('"usage"'))).toHaveLength(5)
  expect(kinds[4]![1]).toMatch(/^data: .*\[DONE\]\n\n$/s)

  server!.postMessage('alike' satisfies NullServerCommand)
  const deadlineMs = Date.now() + 5000
  let alike = await ask(client)
  while (!alike[1].includes('does nothing') && Date.now() < deadlineMs) {
    alike = await ask(client)
  }
  for (let i = 0; i < 6; i++) expect(await ask(client)).toEqual(alike)
  expect(alike).toEqual([200, expect.stringContaining('does nothing')])
  await client.close()
})

// By hand: undici forgives bytes after an answer by a new connection.
test('answers to HEAD end with their heads', async () => {
  const socket = connect(await startServer(), '127.0.0.1')
  let text = ''
  for (let i = 1; i <= 7; i++) {
    socket.write('HEAD / HTTP/1.1\r\nhost: here\r\n\r\n')
    while (text.split('HTTP/1.1').length <= i) text += String((await once(socket, 'data'))[0])
  }
  expect(text).toMatch(/^(HTTP\/1\.1 [^\r]+\r\n([^\r{]+\r\n)+\r\n){7}$/)
  socket.destroy()
})
