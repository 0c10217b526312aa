import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { curlText } from './curl.ts'

const body = { head: `{"text":"it's $HOME"}`, variable: null, tail: '' }
const headers = { 'user-agent': 'limitscope', authorization: 'Bearer sk-1' }
const redact = (text: string) => text.replaceAll('sk-1', '***')

test('a request can be sent again from a shell, but for its secrets', () => {
  const text = curlText({ method: 'POST', headers, body }, 'http://localhost/a?b=c', redact)
  expect(text).toBe(
    `curl -X POST 'http://localhost/a?b=c' -H 'authorization: Bearer ***' --data-raw '{"text":"it'\\''s $HOME"}'`,
  )
  const words = execFileSync('sh', ['-c', text.replace('curl', "printf '%s\\n'")], {
    encoding: 'utf8',
  })
  expect(words.trimEnd().split('\n').at(-1)).toBe(body.head)
})
