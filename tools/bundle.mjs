// Bundles what dist/ runs, each part only when something changed: the program, whose hundreds of modules
// take longer to find than to compile, and the script and the style sheet of report pages.

import {
  copyFileSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')
const common = ['package.json', 'package-lock.json', 'tools/bundle.mjs'].map(inRoot)

await program()
await page()

/** What starts by its path: the command, the library, and the threads of both. */
async function program() {
  const entries = [
    'src/cli.ts',
    'src/index.ts',
    ...globSync('src/!(testing)/**/*Main.ts', { cwd: root }),
  ]
  const sources = [...globSync(inRoot('src/**/*.ts')), ...common]
  const chunks = join(dist, 'chunks')
  // The last that is written: without it, what is there is not whole.
  const license = join(chunks, 'zod.LICENSE')
  if (isFresh(license, sources)) return
  rmSync(chunks, { recursive: true, force: true })
  await bundle(
    {
      input: Object.fromEntries(entries.map((path) => [nameOf(path), inRoot(path)])),
      platform: 'node',
      tsconfig: inRoot('tsconfig.json'),
      external: installed().map((name) => new RegExp(`^${name}(?:/|$)`)),
    },
    {
      dir: dist,
      format: 'esm',
      sourcemap: true,
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
    },
  )
  copyFileSync(inRoot('node_modules/zod/LICENSE'), license)
}

/** Packages that stay where npm installs them; the modules of zod are too many to be found one by one. */
function installed() {
  const { dependencies } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  return Object.keys(dependencies).filter((name) => name !== 'zod')
}

async function page() {
  const output = join(dist, 'page')
  const script = join(output, 'page.js')
  const styles = ['node_modules/uplot/dist/uPlot.min.css', 'src/report/browser/page.css'].map(
    inRoot,
  )
  const sources = [
    ...globSync(inRoot('src/report/browser/*')),
    ...['src/report/chart.ts', 'src/core/format.ts'].map(inRoot),
    ...common,
  ]
  if (isFresh(script, sources)) return
  mkdirSync(output, { recursive: true })
  writeFileSync(
    join(output, 'page.css'),
    styles.map((path) => readFileSync(path, 'utf8')).join('\n'),
  )
  await bundle(
    { input: inRoot('src/report/browser/main.ts') },
    { file: script, format: 'iife', minify: true },
  )
}

async function bundle(input, output) {
  const { rolldown } = await import('rolldown')
  const built = await rolldown(input)
  await built.write(output)
  await built.close()
}

/** `src/engine/threadMain.ts` is `engine/threadMain`. */
function nameOf(path) {
  return relative('src', path).replaceAll('\\', '/').replace(/\.ts$/, '')
}

function isFresh(built, sources) {
  const builtMs = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return sources.every((path) => statSync(path).mtimeMs < builtMs)
}

function inRoot(path) {
  return join(root, path)
}
