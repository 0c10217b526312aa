// `limitscope recover FOLDER`: every file of a run that was killed, from its journal.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { metricRows } from '../analysis/metricHistory.ts'
import { type SummaryFacts, summarize } from '../analysis/summary.ts'
import { exitCodes, UserError } from '../core/errors.ts'
import { formatInteger } from '../core/format.ts'
import { RunRecorder } from '../recording/recorder.ts'
import { type Replayed, replayJournal } from '../recording/replay.ts'
import { journalName, rebuildRequestsCsv, requestsName } from '../recording/requestsFile.ts'
import type { RunFolder } from '../recording/runFolder.ts'
import { StoredFolder } from '../recording/runReader.ts'
import { appendHistory, appendMetrics, isInHistory, writeResults } from '../report/files.ts'
import { writeReports } from '../report/runReports.ts'
import { decisionsName } from './decisions.ts'
import { type CommandIo, say } from './io.ts'

export async function recoverCommand(folder: string, io: CommandIo): Promise<number> {
  const stored = new StoredFolder(resolve(io.cwd, folder))
  const journalPath = stored.file(journalName)
  if (!existsSync(journalPath)) {
    if (existsSync(stored.file('summary.json'))) {
      say(io, `recover: '${folder}' is complete`)
      return exitCodes.passed
    }
    const message = `recover: '${folder}' has no ${journalName}: the run was killed before anything was recorded`
    throw new UserError('target', message)
  }
  const { replayed, requests } = await recoverRun(stored)
  const { damage, droppedBytes } = replayed
  if (stored.manifest.plan.target.kind === 'gateway' && !existsSync(stored.file(decisionsName))) {
    say(
      io,
      `recover: ${decisionsName} was in the memory of the embedded gateway, and is gone with it`,
    )
  }
  const ofRequests = requests === null ? '' : `, ${formatInteger(requests)} requests`
  say(io, `recover: '${folder}' is complete up to its last commit${ofRequests}`)
  if (droppedBytes > 0 && damage === null) {
    say(io, `recover: ${droppedBytes} B were under way when it was killed`)
  }
  if (damage === null) {
    rmSync(journalPath)
    return exitCodes.passed
  }
  say(io, `recover: ${journalName} is damaged at ${damage}; what follows is lost, the file stays`)
  return exitCodes.inconclusive
}

/** Makes all files in a folder beside, then puts each in its place: it may be killed, too. */
async function recoverRun(stored: StoredFolder) {
  const workshop = folderAt(stored.manifest.runId, stored.file('.recovering'))
  rmSync(workshop.path, { recursive: true, force: true })
  mkdirSync(workshop.path, { mode: 0o700 })
  const replayed = await rebuild(stored, workshop)
  const requests = replayed.hasRows ? await rebuildRows(stored, workshop, replayed) : null
  const names = readdirSync(workshop.path)
  for (const name of names) renameSync(workshop.file(name), stored.file(name))
  rmSync(workshop.path, { recursive: true })
  writeReports(stored.path)
  return { replayed, requests }
}

async function rebuild(stored: StoredFolder, workshop: RunFolder): Promise<Replayed> {
  const { plan, epochUnixMs: startedMs } = stored.manifest
  const failures: Error[] = []
  const recorder = new RunRecorder({
    plan,
    folder: workshop,
    startedMs,
    redact: (text) => text,
    hasRows: false,
    hasJournal: false,
    onWriteError: (error) => failures.push(error),
  })
  const replayed = replayJournal(stored.file(journalName), recorder)
  await recorder.close()
  if (failures.length > 0) {
    throw new UserError(
      'write',
      `recover: cannot write in '${workshop.path}': ${failures[0]!.message}`,
    )
  }
  if (replayed.facts === null) {
    const why = replayed.damage ?? 'the run was killed before anything was recorded'
    throw new UserError('target', `recover: '${stored.file(journalName)}': ${why}`)
  }
  recorder.findings = replayed.findings
  const facts = replayed.facts as SummaryFacts
  const summary = summarize({ plan, ...facts, recorder })
  recorder.series.clear()
  await writeResults(workshop, summary)
  const folder = folderAt(summary.runId, stored.path)
  if (!isInHistory(folder)) {
    await appendHistory(folder, summary)
    await appendMetrics(folder, metricRows(plan, summary, stored.manifest.limitscope))
  }
  return replayed
}

async function rebuildRows(
  stored: StoredFolder,
  workshop: RunFolder,
  { committedBytes }: Replayed,
): Promise<number> {
  const { rows } = await rebuildRequestsCsv({
    journalPath: stored.file(journalName),
    csvPath: workshop.file(requestsName),
    runId: stored.manifest.runId,
    untilBytes: committedBytes,
  })
  return rows
}

function folderAt(runId: string, path: string): RunFolder {
  return { runId, path, file: (name) => join(path, name) }
}
