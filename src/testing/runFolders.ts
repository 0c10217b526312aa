// For tests: what is in run folders, and what a clean stop after some bytes of a journal comes to.

import { linkSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SummaryFacts, summarize } from '../analysis/summary.ts'
import type { Plan } from '../load/plan.ts'
import type { Committed } from '../recording/committed.ts'
import type { LimiterFinding } from '../recording/findings.ts'
import type { JournalBatch } from '../recording/journalFormat.ts'
import { JournalReader } from '../recording/journalReader.ts'
import { RunRecorder } from '../recording/recorder.ts'
import { journalName } from '../recording/requestsFile.ts'
import { createRunFolder } from '../recording/runFolder.ts'
import { writeResults } from '../report/files.ts'
import { reportNames } from '../report/runReports.ts'

/**
 * Files that a run leaves, by name, but for those that are not made of its journal, and for reports,
 * which are made of the others.
 */
export function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !others.has(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

const others = new Set<string>(['manifest.json', 'decisions.csv', journalName, ...reportNames])

/** Another name for a journal, which stays when the run removes its own. */
export function keepJournal(folder: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'limitscope-journal-')), journalName)
  linkSync(join(folder, journalName), path)
  return path
}

/**
 * Plays what a journal holds to a recorder as the session of a run does, which then stops: no file of
 * the result was read from a journal.
 */
export async function stopCleanlyAfter(journalPath: string, plan: Plan): Promise<string> {
  const { batches, commits } = contentOf(journalPath)
  const state = Object.assign({}, ...commits) as Committed
  const facts = state.facts as SummaryFacts
  const folder = createRunFolder(mkdtempSync(join(tmpdir(), 'limitscope-clean-')), plan.runId)
  const recorder = new RunRecorder({
    plan,
    folder,
    startedMs: facts.startedMs,
    redact: (text) => text,
    hasRows: true,
    hasJournal: true,
    onWriteError: (error) => {
      throw error
    },
  })
  for (const batch of batches) recorder.rows(batch)
  for (const { told } of commits) {
    for (const one of told) {
      if ('slice' in one) recorder.slice(one.slice)
      else if ('event' in one) recorder.event(one.event)
      else recorder.progress(one.progress)
    }
  }
  recorder.commit()
  recorder.findings = (state.findings ?? []) as readonly LimiterFinding[]
  const summary = summarize({ plan, ...facts, recorder })
  await recorder.close()
  await writeResults(folder, summary)
  recorder.discardJournal()
  recorder.series.clear()
  return folder.path
}

/** Everything up to the last commit. */
function contentOf(journalPath: string) {
  const reader = new JournalReader(journalPath)
  const batches: JournalBatch[] = []
  const commits: Committed[] = []
  let waiting: JournalBatch[] = []
  for (const batch of reader.read()) {
    if (batch.told === undefined) waiting.push(batch)
    else {
      batches.push(...waiting)
      waiting = []
      commits.push(batch.told as Committed)
    }
  }
  reader.close()
  return { batches, commits }
}
