// Imports the user's own modules as they are, by Node's loader, and answers their imports of
// 'limitscope' with this very package, wherever they are.

import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { codeFile } from '../core/package.ts'

type Exports = Readonly<Record<string, unknown>>

// Test runners and bundlers replace import() in the files they know; code in a data URL is Node's.
const importer = 'data:text/javascript,export const load = (url) => import(url)'

let isHooked = false

/** The exports of a module of the user. */
export async function importModule(path: string): Promise<Exports> {
  answerImports()
  const { load } = (await import(/* @vite-ignore */ importer)) as {
    load: (url: string) => Promise<Exports>
  }
  return load(pathToFileURL(path).href)
}

function answerImports(): void {
  if (isHooked) return
  isHooked = true
  const url = pathToFileURL(codeFile('index')).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'limitscope' ? { url, shortCircuit: true } : next(specifier, context),
  })
}
