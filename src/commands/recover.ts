// `limitscope recover FOLDER`: completes requests.csv of a run that was killed, from its journal.

import { existsSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { exitCodes, UserError } from '../core/errors.ts'
import { formatInteger } from '../core/format.ts'
import { journalName, rebuildRequestsCsv, requestsName } from '../recording/requestsFile.ts'
import { type CommandIo, say } from './io.ts'

export async function recoverCommand(folder: string, io: CommandIo): Promise<number> {
  const path = resolve(io.cwd, folder)
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new UserError('usage', `recover: expected the folder of a run, got '${folder}'`)
  }
  const journal = join(path, journalName)
  if (!existsSync(journal)) {
    say(
      io,
      `recover: '${folder}' has no ${journalName}: its ${requestsName} is complete, or rows were not asked for`,
    )
    return exitCodes.passed
  }
  const { rows, damage } = await rebuildRequestsCsv(path)
  say(io, `recover: ${formatInteger(rows)} requests are in ${join(folder, requestsName)}`)
  if (damage === null) {
    rmSync(journal)
    return exitCodes.passed
  }
  say(io, `recover: what follows is lost: ${damage}; ${journalName} is left as it is`)
  return exitCodes.inconclusive
}
