// nginx's limit_req and limit_conn, which answer alike. Must not know what is built on nginx.

import type { Dialect } from './dialect.ts'
import { rejectionOf } from './rejection.ts'

/** Carries nothing: limit_req and limit_conn send the same page without any field. */
export const nginx: Dialect = {
  name: 'nginx',
  title: 'nginx limit_req, limit_conn',
  names: 'nothing',
  signals: () => [],
  rejection(view) {
    if (view.status !== 503 && view.status !== 429) return null
    if (!/<hr><center>nginx(?:\/[\d.]{1,20})?(?: \(\w{1,20}\))?<\/center>/.test(view.body))
      return null
    if (!view.body.includes(`<title>${view.status} `)) return null
    const evidence = [`body: nginx error page ${view.status}`]
    return rejectionOf(view, { strength: 'signature', limiter: null, unit: null, evidence })
  },
  admitted: () => ({}),
  rejected: () => ({
    status: 503,
    headers: { server: 'nginx/1.22.1', 'content-type': 'text/html' },
    body: errorPage('503 Service Temporarily Unavailable', 'nginx/1.22.1'),
  }),
}

/** The page that nginx, or what is built on it, sends for a status. */
export function errorPage(status: string, software: string, footer?: string): string {
  const lines = [
    '<html>',
    `<head><title>${status}</title></head>`,
    '<body>',
    `<center><h1>${status}</h1></center>`,
    `<hr><center>${software}</center>`,
  ]
  const end = footer === undefined ? ['</body>'] : [`${footer}</body>`]
  return [...lines, ...end, '</html>', ''].join('\r\n')
}
