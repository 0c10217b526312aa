// Which files a config is made of: the config itself, and the scenarios beside it.

import { existsSync, globSync, statSync } from 'node:fs'
import { basename, extname, isAbsolute, join, relative, resolve } from 'node:path'
import { UserError } from '../core/errors.ts'

const moduleExtensions = ['.ts', '.mts', '.mjs', '.js']
const documentExtensions = ['.yaml', '.yml', '.json']
const extensions = [...moduleExtensions, ...documentExtensions]

const configNames = ['bench.config', 'limitscope.config'].flatMap((name) =>
  extensions.map((extension) => name + extension),
)

/** Larger files are no configs. */
const bytesMax = 8 * 1024 * 1024

/** Absolute path of the config, and other candidates in its folder. Throws `UserError`. */
export function findConfig(
  cwd: string,
  configPath: string | undefined,
): { readonly path: string; readonly ignored: readonly string[] } {
  if (configPath !== undefined) return { path: givenConfig(cwd, configPath), ignored: [] }
  const [first, ...others] = configNames.filter((name) => existsSync(join(cwd, name)))
  if (first === undefined) {
    const message = `config: expected bench.config.{${extensions.map((e) => e.slice(1)).join(',')}} in '${cwd}', got nothing; write one (README, 'Your own scenarios'), name one with --config, or do without: 'limitscope load URL'`
    throw new UserError('config', message)
  }
  return { path: join(cwd, first), ignored: others }
}

/** Absolute paths of scenario files, sorted; patterns are relative to `folder`. */
export function findScenarioFiles(folder: string, pattern: string): readonly string[] {
  // Packages below the config: it may be in one itself.
  return globSync(pattern, { cwd: folder, exclude: ['**/node_modules/**'] })
    .map((path) => resolve(folder, path))
    .filter(isScenarioFile)
    .sort()
}

/** The default of `scenarioFiles`. */
export const scenarioPattern = 'scenarios/**/*'

/** Whether a file is a module to import, rather than a document to parse. */
export function isModule(path: string): boolean {
  return moduleExtensions.includes(extname(path))
}

/** A path as people want to read it: relative where it is below the working directory. */
export function displayName(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}

/** Throws `UserError` for what is no file, and for files that are too large. */
export function checkFile(path: string, name: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new UserError('config', `${name}: expected a file, found none there`)
  const { size } = found
  if (size <= bytesMax) return
  const message = `${name}: expected a file of at most 8 MiB, got ${(size / 1024 / 1024).toFixed(1)} MiB; leave data out of configs`
  throw new UserError('config', message)
}

function givenConfig(cwd: string, configPath: string): string {
  const path = resolve(cwd, configPath)
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new UserError('config', `config: expected a file, got '${configPath}', which is none`)
  }
  if (!extensions.includes(extname(path))) {
    const message = `config: expected a file that ends in ${extensions.join(', ')}, got '${configPath}'`
    throw new UserError('config', message)
  }
  return path
}

function isScenarioFile(path: string): boolean {
  const name = basename(path)
  return (
    extensions.includes(extname(name)) &&
    !/\.(test|spec|d)\.[^.]+$/.test(name) &&
    statSync(path, { throwIfNoEntry: false })?.isFile() === true
  )
}
