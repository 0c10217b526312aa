// Reads one file of a config, module or document, and checks values in it against a schema.

import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { messageOf, UserError } from '../core/errors.ts'
import { checkFile, displayName, isModule } from './find.ts'
import { importModule } from './importing.ts'
import { importProblem } from './importProblem.ts'
import { type Environment, interpolated } from './interpolate.ts'
import { isTooDeep, plainDataProblems } from './plainData.ts'
import { problemLine, problemsOf } from './problems.ts'
import { looseRedactor } from './redact.ts'
import { plainSource, type Source } from './source.ts'
import { type Path, pathText, valueAt } from './values.ts'

export interface ReadOptions {
  readonly cwd: string
  readonly env: Environment
}

/** A file that was read; of a module, the value holds its exports. */
export interface FileDocument {
  readonly source: Source
  readonly isModule: boolean
}

/** Reads a file; throws `UserError` where nothing can be read at all. */
export async function readDocument(path: string, options: ReadOptions): Promise<FileDocument> {
  const name = displayName(path, options.cwd)
  checkFile(path, name)
  if (isModule(path)) return readModule(path, name, options)
  const { parsedSource } = await import('./yamlSource.ts')
  const source = parsedSource(name, readText(path, name))
  const isWalkable = !plainDataProblems(source.value).some(isTooDeep)
  return { source: isWalkable ? interpolated(source, options.env) : source, isModule: false }
}

/** Lines about what is wrong with the value at a path. */
export function checkedLines(schema: z.ZodType, source: Source, path: Path): readonly string[] {
  const value = valueAt(source.value, path)
  const before = source.problems.filter((problem) => isWithin(path, problem.path))
  const plain = plainDataProblems(value, path)
  const parsed = plain.some(isTooDeep) ? undefined : schema.safeParse(value)
  const known = [...before, ...plain]
  const covered = new Set(known.map((problem) => pathText(problem.path)))
  const others = problemsOf(parsed?.error?.issues ?? [], path).filter(
    (problem) => !covered.has(pathText(problem.path)),
  )
  return [...known, ...others].map((problem) => problemLine(problem, source))
}

function isWithin(outer: Path, path: Path): boolean {
  return outer.every((key, i) => key === path[i])
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const message = `${name}: expected a readable file, got '${messageOf(error)}'`
    throw new UserError('config', message, { cause: error })
  }
}

async function readModule(
  path: string,
  name: string,
  { cwd, env }: ReadOptions,
): Promise<FileDocument> {
  try {
    const exports = await importModule(path)
    return { source: plainSource(name, { ...exports }), isModule: true }
  } catch (error) {
    const { file, line, message } = importProblem(error, path, looseRedactor(env))
    const place = `${displayName(file, cwd)}${line === undefined ? '' : `:${line}`}`
    // Without its cause: that one was not redacted.
    throw new UserError('config', `${place}: ${message}`)
  }
}
