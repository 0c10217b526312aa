// `limitscope profile URL`: which limiters stand in front of an endpoint, found out from outside.

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { exitCodes, messageOf, UserError } from '../core/errors.ts'
import type { ProfileDocument } from '../core/profileDocument.ts'
import type { ProfileView } from '../dashboard/profile/view.ts'
import { profileText } from '../report/profileText.ts'
import { type CommandIo, say, wantsColour } from './io.ts'
import {
  budgetLines,
  exitCodeOf,
  type ProfileJob,
  type ProfileSettings,
  profileJob,
} from './profileJob.ts'
import { runProfile } from './profileRun.ts'
import type { Reporter } from './reporters.ts'
import { type Interrupts, listenForInterrupts } from './signals.ts'

export interface ProfileFlags extends ProfileSettings {
  readonly reporter?: Reporter
  readonly json?: boolean
  readonly dryRun?: boolean
  /** The document, written to this file. */
  readonly save?: string
}

export async function profileCommand(
  target: string,
  flags: ProfileFlags,
  io: CommandIo,
): Promise<number> {
  const job = profileJob(target, flags)
  const lines = budgetLines(job).map(job.redact)
  if (flags.dryRun === true) {
    io.stdout.write(`${lines.join('\n')}\n`)
    return exitCodes.passed
  }
  for (const line of lines) say(io, line)
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  const interrupts = listenForInterrupts({ onStop: interrupt, onAbort: interrupt })
  try {
    const document = await watched(job, { flags, io, stop, interrupts })
    return tell(document, { job, flags, io, interrupts })
  } finally {
    interrupts.close()
  }
}

interface Watching {
  readonly flags: ProfileFlags
  readonly io: CommandIo
  readonly stop: AbortController
  readonly interrupts: Interrupts
}

async function watched(job: ProfileJob, watching: Watching): Promise<ProfileDocument> {
  let view: ProfileView | null = null
  try {
    const { document } = await runProfile(job, {
      signal: watching.stop.signal,
      onOpen: async (clock) => {
        view = await viewOf(job, clock, watching)
      },
      onEvent: (event) => view?.add(event),
    })
    return document
  } finally {
    await (view as ProfileView | null)?.close()
  }
}

async function viewOf(job: ProfileJob, clock: Clock, watching: Watching): Promise<ProfileView> {
  const { flags, io, interrupts } = watching
  const { showProfile, tellProfile } = await import('../dashboard/profile/view.ts')
  const { canDraw } = await import('../dashboard/canDraw.ts')
  const parts = { target: job.target, budget: job.budget, nowUs: () => clock.nowUs() }
  const isDrawable = flags.json !== true && canDraw(io.stdout, io.stdin, io.env)
  const reporter = flags.reporter ?? 'tui'
  if (reporter === 'silent') return tellProfile(parts, () => {})
  if (reporter === 'jsonl') {
    const add: ProfileView['add'] = (event) => void io.stdout.write(`${JSON.stringify(event)}\n`)
    return { add, close: async () => {} }
  }
  if (reporter === 'line' || !isDrawable) return tellProfile(parts, (line) => say(io, line))
  const { stdout, stdin, stderr, env } = io
  const stops = { onStop: interrupts.interrupt, onAbort: interrupts.interrupt }
  return showProfile(parts, { ...stops, stdout, stdin, stderr, env })
}

interface Telling extends Pick<Watching, 'flags' | 'io' | 'interrupts'> {
  readonly job: ProfileJob
}

function tell(document: ProfileDocument, { job, flags, io, interrupts }: Telling): number {
  const json = `${job.redact(JSON.stringify(document, null, 2))}\n`
  if (flags.save !== undefined) save(resolve(io.cwd, flags.save), json)
  if (flags.json === true) io.stdout.write(json)
  else if (flags.reporter === 'jsonl') {
    io.stdout.write(`${job.redact(JSON.stringify({ kind: 'document', document }))}\n`)
  } else {
    const columns = io.stdout.columns ?? Number.POSITIVE_INFINITY
    const text = profileText(document, { colour: wantsColour(io.stdout, io.env), columns })
    io.stdout.write(`${job.redact(text)}\n`)
  }
  return interrupts.exitCode ?? exitCodeOf(document)
}

function save(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    const message = `--save: cannot write '${path}': ${messageOf(error)}`
    throw new UserError('write', message, { cause: error })
  }
}
