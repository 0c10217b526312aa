// The folder of one run: its name, its creation, its manifest.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { messageOf, UserError } from '../core/errors.ts'

/** Run ids are file names on every system. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** '2026-11-20T18-05-09Z-<name>': sorts by time and is a folder name everywhere. */
export function runIdOf(startedMs: number, name: string): string {
  const stamp = new Date(startedMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
  // A pattern ('maas/*') leaves dashes at its end.
  const safe = name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '')
  return `${stamp}-${safe}`
}

/** The first of `<runId>`, `<runId>-2` … that no folder in `resultsPath` has. */
export function freshRunId(resultsPath: string, runId: string): string {
  const isTaken = (id: string) => existsSync(join(resultsPath, id))
  let id = runId
  for (let n = 2; isTaken(id); n++) id = `${runId}-${n}`
  return id
}

/** A run's folder; never one that was there before. */
export interface RunFolder {
  readonly runId: string
  readonly path: string
  file(name: string): string
}

/** Creates `<results>/<runId>`; throws `UserError` when it exists or cannot be written. */
export function createRunFolder(resultsPath: string, runId: string): RunFolder {
  const root = resolve(resultsPath)
  const path = join(root, runId)
  if (!namePattern.test(runId) || !path.startsWith(root + sep)) {
    const message = `run id: expected letters, digits, '.', '_' and '-', got '${runId}'`
    throw new UserError('usage', message)
  }
  try {
    mkdirSync(root, { recursive: true })
  } catch (error) {
    throw cannotCreate(root, error)
  }
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotCreate(path, error)
    const message = `results: '${path}' exists already and is never overwritten; choose another --run-id or --out, or remove it`
    throw new UserError('run-exists', message, { cause: error })
  }
  return { runId, path, file: (name) => join(path, name) }
}

function cannotCreate(path: string, error: unknown): UserError {
  const message = `results: cannot create '${path}': ${messageOf(error)}; choose a writable --out`
  return new UserError('write', message, { cause: error })
}

/** Writes a whole file so that it is there either completely or not at all, also after a crash. */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.tmp`
  try {
    const file = openSync(temporary, 'w', 0o600)
    writeSync(file, text)
    fsyncSync(file)
    closeSync(file)
    renameSync(temporary, path)
  } catch (error) {
    const message = `results: cannot write '${path}': ${messageOf(error)}`
    throw new UserError('write', message, { cause: error })
  }
}
