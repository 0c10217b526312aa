// The server that does nothing, asked by undici.

import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { Client, type Dispatcher } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { startThread } from '../core/thread.ts'
import type { NullServerCommand } from './nullServerMain.ts'

let server: Worker | null = null

afterEach(async () => {
  await server?.terminate()
  server = null
})

async function startServer(): Promise<Client> {
  server = startThread(import.meta, 'nullServerMain', {})
  const [port] = (await once(server, 'message')) as [number]
  return new Client(`http://127.0.0.1:${port}`)
}

async function ask(client: Client, method: Dispatcher.HttpMethod): Promise<[number, string]> {
  const body = method === 'POST' ? '{"prompt":"hello"}' : null
  const answer = await client.request({ method, path: '/', body })
  return [answer.statusCode, await answer.body.text()]
}

test('answers are of all kinds, and alike once it is told so', async () => {
  const client = await startServer()
  const kinds: [number, string][] = []
  for (let i = 0; i < 6; i++) kinds.push(await ask(client, 'POST'))
  expect(kinds.map(([status]) => status)).toEqual([200, 200, 200, 429, 200, 200])
  expect(kinds.filter(([, text]) => text.includes('"usage"'))).toHaveLength(5)
  expect(kinds[4]![1]).toMatch(/^data: .*\[DONE\]\n\n$/s)

  server!.postMessage('alike' satisfies NullServerCommand)
  const deadlineMs = Date.now() + 5000
  let alike = await ask(client, 'POST')
  while (!alike[1].includes('does nothing') && Date.now() < deadlineMs) {
    alike = await ask(client, 'POST')
  }
  for (let i = 0; i < 6; i++) expect(await ask(client, 'POST')).toEqual(alike)
  expect(alike).toEqual([200, expect.stringContaining('does nothing')])
  await client.close()
})

test('answers to HEAD have no body that the next answer would begin with', async () => {
  const client = await startServer()
  for (let i = 0; i < 7; i++)
    expect(await ask(client, 'HEAD')).toEqual([i % 6 === 3 ? 429 : 200, ''])
  await client.close()
})
