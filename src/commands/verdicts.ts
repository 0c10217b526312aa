// Tells what several targets had to say to the same scenarios: on the screen, as JSON, as a file, in the
// summary of a pipeline's step.

import { join } from 'node:path'
import { writeTable } from '../report/files.ts'
import {
  type Interpretation,
  matrixMarkdown,
  matrixTable,
  matrixText,
  type ProfileVerdicts,
  verdictMatrix,
} from '../report/matrix.ts'
import { appendGithubSummary } from './github.ts'
import { type CommandIo, wantsColour } from './io.ts'

export interface VerdictsOptions {
  readonly interpretations: readonly Interpretation[]
  /** Of the last run: it gets the table; null: nothing is written. */
  readonly folder: string | null
  readonly json: boolean
}

export async function tellVerdicts(
  runs: readonly ProfileVerdicts[],
  { interpretations, folder, json }: VerdictsOptions,
  io: CommandIo,
): Promise<void> {
  const matrix = verdictMatrix(runs, interpretations)
  if (folder !== null) await writeTable(join(folder, 'verdicts.csv'), matrixTable(matrix))
  appendGithubSummary(matrixMarkdown(matrix), io)
  if (json) {
    const document = { runs, verdicts: matrix.rows }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  io.stdout.write(`\n${matrixText(matrix, wantsColour(io.stdout, io.env))}\n`)
}
