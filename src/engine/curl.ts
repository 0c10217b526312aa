// A request as the command line that sends it again. Must not know what came of it.

import type { RequestTemplate } from '../drivers/driver.ts'

/** 'curl -X POST …'; `redact` takes secrets out, and who asks puts them in again. */
export function curlText(
  { method, headers, body }: Pick<RequestTemplate, 'method' | 'headers' | 'body'>,
  url: string,
  redact: (text: string) => string,
): string {
  const fields = Object.entries(headers)
    .filter(([name]) => name !== 'user-agent')
    .flatMap(([name, value]) => ['-H', quoted(`${name}: ${value}`)])
  const data = body.head === '' ? [] : ['--data-raw', quoted(body.head)]
  return redact(['curl', '-X', method, quoted(url), ...fields, ...data].join(' '))
}

/** A word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
