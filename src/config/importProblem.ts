// Why a module of the user could not be imported: where, and what to do about it.

import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../core/errors.ts'
import { codePath } from '../core/package.ts'
import { safeLine } from '../core/text.ts'

/** A place in a module, and the problem in the form of all problems. */
export interface ImportProblem {
  readonly file: string
  readonly line: number | undefined
  readonly message: string
}

/** What `error` says about importing `path`; `redact` sees its text before it is cut. */
export function importProblem(
  error: unknown,
  path: string,
  redact: (text: string) => string,
): ImportProblem {
  const { code } = (error ?? {}) as { code?: unknown }
  const text = redact(messageOf(error))
  if (code === 'ERR_MODULE_NOT_FOUND') return missingModule(text, path)
  const { file, line } = placeIn(error) ?? { file: path, line: undefined }
  return { file, line, message: messageFor(code, text, error, file) }
}

function messageFor(code: unknown, text: string, error: unknown, file: string): string {
  const got = `got '${safeLine(text)}'`
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return `expected TypeScript whose types can be erased, ${got}; write unions for enums, modules for namespaces, fields for parameter properties`
    case 'ERR_INVALID_TYPESCRIPT_SYNTAX':
      return `expected valid TypeScript, ${got}`
    case 'ERR_UNKNOWN_FILE_EXTENSION':
      return `expected a Node.js that runs TypeScript, got ${process.version}; take 22.19 or newer, or write .mjs`
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return `expected TypeScript outside of node_modules, ${got}; move the file, or compile it to .js`
    case 'ERR_UNSUPPORTED_DIR_IMPORT':
      return `expected the name of a file, ${got}; write it out: './folder/index.ts'`
  }
  if (/outside a module|^Unexpected token 'export'/.test(text)) {
    const renamed = basename(file).replace(/\.([tj])s$/, '.m$1s')
    return `expected an ES module, got a CommonJS one; rename it to ${renamed}, or put "type": "module" into package.json`
  }
  const [, module, name] = /^The requested module '(.*)' does not .* named '(.*)'/.exec(text) ?? []
  if (name !== undefined) return `expected something that '${module}' exports, got '${name}'`
  if (error instanceof SyntaxError) return `expected valid JavaScript, ${got}`
  const kind = error instanceof Error ? `${error.name}: ` : ''
  return `expected a module that loads, got '${safeLine(kind + text)}'`
}

function missingModule(text: string, path: string): ImportProblem {
  const [, target = '', from = path] =
    /^Cannot find (?:module|package) '(.*?)' imported from (.*)$/s.exec(text) ?? []
  const file = from.startsWith('file:') ? fileURLToPath(from) : from
  const isFile = target.startsWith('/') || target.startsWith('file:') || /^[A-Z]:/i.test(target)
  if (!isFile) {
    const message = `expected a package that is installed, got '${target}'; npm install ${target}`
    return { file, line: lineOf(file, target), message }
  }
  const wanted = target.startsWith('file:') ? fileURLToPath(target) : target
  const stem = extname(wanted) === '' ? wanted : wanted.slice(0, -extname(wanted).length)
  const found = ['.ts', '.mts', '.js', '.mjs'].map((end) => stem + end).find((p) => existsSync(p))
  const hint =
    found === undefined
      ? 'check the path'
      : `write it with its extension: '${asSpecifier(found, file)}'`
  const message = `expected a file, got '${asSpecifier(wanted, file)}', which does not exist; ${hint}`
  return { file, line: lineOf(file, basename(stem)), message }
}

function asSpecifier(path: string, from: string): string {
  const short = relative(dirname(from), path).replaceAll('\\', '/')
  return short.startsWith('.') ? short : `./${short}`
}

/** The line of the import that mentions `word`. */
function lineOf(file: string, word: string): number | undefined {
  if (!existsSync(file)) return undefined
  const lines = readFileSync(file, 'utf8').split('\n')
  const index = lines.findIndex((line) => /\b(from|import)\b/.test(line) && line.includes(word))
  return index < 0 ? undefined : index + 1
}

/** The first place in a stack that is the user's. */
function placeIn(error: unknown): { file: string; line: number } | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined
  for (const [, url, path, line] of error.stack.matchAll(
    /(?:(file:\/\/\/[^\s()]+?)|((?<![\w/])\/[^\n()]+?)):(\d+)(?::\d+)?(?=\)|\n|$)/g,
  )) {
    const file = url === undefined ? path! : fileURLToPath(url)
    if (!file.startsWith(codePath) && !file.includes('/node_modules/')) {
      return { file, line: Number(line) }
    }
  }
  return undefined
}
