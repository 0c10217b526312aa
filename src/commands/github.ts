// Tells GitHub Actions about a run, where it runs in there.

import { appendFileSync, readFileSync, statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { RunSummary } from '../analysis/result.ts'
import { messageOf } from '../core/errors.ts'
import { type CodePlace, githubAnnotations, githubSummary } from '../report/github.ts'
import { markdownText } from '../report/markdown.ts'
import { type CommandIo, say } from './io.ts'
import type { Prepared } from './prepare.ts'

/**
 * Annotations for what failed, at the scenario's file, and the report into the step's summary. Workflow
 * commands go to stderr, which GitHub reads, too: stdout is the run's own.
 */
export function tellGithub(
  summary: RunSummary,
  { files }: Pick<Prepared, 'files'>,
  io: CommandIo,
): void {
  if (summaryPathOf(io) === null) return
  const placeOf = (scenario: string, statement: string) => {
    const file = files?.get(scenario)
    return file === undefined ? null : codePlace(file, statement, io)
  }
  for (const line of githubAnnotations(summary, placeOf)) say(io, line)
  appendGithubSummary(markdownText(summary), io)
}

/** Appends to the summary of the step, where there is one. */
export function appendGithubSummary(markdown: string, io: CommandIo): void {
  const path = summaryPathOf(io)
  if (path === null) return
  try {
    const usedBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    appendFileSync(path, githubSummary(markdown, usedBytes))
  } catch (error) {
    say(io, `warning: GITHUB_STEP_SUMMARY '${path}' cannot be written: ${messageOf(error)}`)
  }
}

function summaryPathOf({ env }: CommandIo): string | null {
  const path = env.GITHUB_STEP_SUMMARY
  return path === undefined || path === '' ? null : path
}

/** The first line of the file that has the statement; code may have made it of parts. */
function codePlace(file: string, statement: string, { cwd, env }: CommandIo): CodePlace {
  const absolute = resolve(cwd, file)
  const { GITHUB_WORKSPACE: workspace = cwd } = env
  const line = linesOf(absolute).findIndex((text) => text.includes(statement))
  return { file: relative(workspace, absolute), line: line < 0 ? null : line + 1 }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
