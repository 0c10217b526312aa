// Tells GitHub Actions about a run, where it runs in there.

import { appendFileSync, statSync } from 'node:fs'
import type { RunSummary } from '../analysis/result.ts'
import { messageOf } from '../core/errors.ts'
import { githubAnnotations, githubSummary } from '../report/github.ts'
import { markdownText } from '../report/markdown.ts'
import { type CommandIo, say } from './io.ts'

/** Workflow commands go to stderr, which GitHub reads, too: stdout is the run's own. */
export function tellGithub(summary: RunSummary, io: CommandIo): void {
  const path = io.env.GITHUB_STEP_SUMMARY
  if (path === undefined || path === '') return
  for (const line of githubAnnotations(summary)) say(io, line)
  try {
    const usedBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    appendFileSync(path, githubSummary(markdownText(summary), usedBytes))
  } catch (error) {
    say(io, `warning: GITHUB_STEP_SUMMARY '${path}' cannot be written: ${messageOf(error)}`)
  }
}
