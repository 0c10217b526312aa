// The embedded gateway's decision log in the run's folder, to join with requests.csv on the seq.

import type { GatewayDecision } from '../gateway/decisionLog.ts'
import type { RunFolder } from '../recording/runFolder.ts'
import { writeTable } from '../report/files.ts'

export const decisionsName = 'decisions.csv'

const columns = [
  'decision_id',
  'seq',
  'us',
  'tier',
  'model',
  'outcome',
  'limiter',
  'settled_us',
  'prompt_tokens',
  'completion_tokens',
  'remaining',
]

/** Writes `decisions.csv`; instants are µs since the run's epoch, as in the other files. */
export function writeDecisions(
  folder: RunFolder,
  decisions: readonly GatewayDecision[],
  startedMs: number,
): Promise<void> {
  const sinceEpoch = (us: number | null) => (us === null ? null : us - startedMs * 1000)
  const rows = decisions.map((decision) => [
    decision.id,
    decision.requestId.slice(decision.requestId.lastIndexOf('-') + 1),
    sinceEpoch(decision.us),
    decision.tier,
    decision.model,
    decision.outcome,
    decision.limiter,
    sinceEpoch(decision.settledUs),
    decision.promptTokens,
    decision.completionTokens,
    decision.answers.map((a) => `${a.limiter}=${a.decision.remaining}`).join(' '),
  ])
  return writeTable(folder.file(decisionsName), { columns, rows })
}
