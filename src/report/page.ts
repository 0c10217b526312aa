// One self-contained HTML file around any content: style, script and data inside, and a policy that
// lets it load nothing and run nothing else.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packagePath } from '../core/package.ts'
import type { Chart } from './chart.ts'
import { Html, html, jsonData } from './html.ts'

export interface PageParts {
  readonly title: string
  readonly body: Html
  /** Drawn into the figures of the body that have their ids. */
  readonly charts: readonly Chart[]
}

/** The text of the file. */
export function pageText({ title, body, charts }: PageParts): string {
  const { style, script, policy } = pageAssets()
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
${body}
${
  charts.length > 0 &&
  html`<noscript><p>Charts need JavaScript; the tables under them have all their values.</p></noscript>
<script type="application/json" id="charts">${jsonData(charts)}</script>
<script>${script}</script>`
}
</body>
</html>
`.text
}

interface PageAssets {
  readonly style: Html
  readonly script: Html
  readonly policy: string
}

let assets: PageAssets | null = null

/** What `tools/page.mjs` has made of the page's script and styles. */
function pageAssets(): PageAssets {
  assets ??= readAssets()
  return assets
}

function readAssets(): PageAssets {
  const folder = join(packagePath, 'dist', 'page')
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const style = read('page.css')
  const script = read('page.js')
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return { style: new Html(style), script: new Html(script), policy }
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
