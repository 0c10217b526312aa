// Plays the journal of a run that was killed back into a recorder. Must not know what a summary is.

import { messageOf, UserError } from '../core/errors.ts'
import type { Committed, Told } from './committed.ts'
import type { LimiterFinding } from './findings.ts'
import { JournalReader } from './journalReader.ts'
import type { RunRecorder } from './recorder.ts'

/** What a journal holds, up to its last commit. */
export interface Replayed {
  readonly hasRows: boolean
  readonly findings: readonly LimiterFinding[]
  /** Null: nothing was committed. */
  readonly facts: unknown
  /** The end of the last commit; what follows was under way when the run was killed. */
  readonly committedBytes: number
  readonly droppedBytes: number
  /** Bytes in the middle that are not what was written; null: there are none. */
  readonly damage: string | null
}

/** Throws `UserError` when there is no journal, or its head is not one. */
export function replayJournal(path: string, recorder: RunRecorder): Replayed {
  const reader = open(path)
  let findings: readonly LimiterFinding[] = []
  let facts: unknown = null
  let committedBytes = 0
  for (const { told } of reader.read()) {
    if (told === undefined) continue
    const commit = told as Committed
    for (const one of commit.told) replay(one, recorder)
    findings = commit.findings ?? findings
    facts = commit.facts ?? facts
    committedBytes = reader.offsetBytes
  }
  const { meta, damage, bytesAhead, offsetBytes } = reader
  const droppedBytes = offsetBytes + bytesAhead - committedBytes
  reader.close()
  return {
    hasRows: meta?.hasRows ?? false,
    findings,
    facts,
    committedBytes,
    droppedBytes,
    damage:
      damage === null
        ? null
        : `byte ${damage.offsetBytes}: expected ${damage.expected}, got ${damage.got}`,
  }
}

function replay(told: Told, recorder: RunRecorder): void {
  if ('slice' in told) recorder.slice(told.slice)
  else if ('event' in told) recorder.event(told.event)
  else recorder.progress(told.progress)
}

function open(path: string): JournalReader {
  try {
    return new JournalReader(path)
  } catch (error) {
    throw new UserError('usage', `${path}: ${messageOf(error)}`, { cause: error })
  }
}
