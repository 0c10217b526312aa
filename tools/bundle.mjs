// Bundles the script and the style sheet of report pages into dist/page, when they have changed.

import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const output = join(root, 'dist', 'page')
const script = join(output, 'page.js')
const uPlotStyle = join(root, 'node_modules', 'uplot', 'dist', 'uPlot.min.css')
const ownStyle = join(root, 'src', 'report', 'browser', 'page.css')
const sources = [
  ...globSync(join(root, 'src/report/browser/*')),
  join(root, 'src/report/chart.ts'),
  join(root, 'src/core/format.ts'),
  join(root, 'package.json'),
]

if (!isFresh()) {
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({ input: join(root, 'src/report/browser/main.ts') })
  mkdirSync(output, { recursive: true })
  const style = [uPlotStyle, ownStyle].map((path) => readFileSync(path, 'utf8')).join('\n')
  writeFileSync(join(output, 'page.css'), style)
  await bundle.write({ file: script, format: 'iife', minify: true })
  await bundle.close()
}

function isFresh() {
  const builtMs = statSync(script, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.every((path) => statSync(path).mtimeMs < builtMs)
}
