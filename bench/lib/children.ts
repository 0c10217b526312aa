// The processes of the bench: starts them on a chosen CPU and ends the ones it started, by pid.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** What a finished process left. */
export interface Output {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** CLOCK_MONOTONIC at the spawn and at the end. */
  readonly spawnedNs: bigint
  readonly endedNs: bigint
}

/**
 * 'urgent': before everybody else (SCHED_RR), for what sleeps: nobody else gets on while it runs;
 * 'idle': when nobody else wants the CPU (SCHED_IDLE).
 */
export type Priority = 'urgent' | 'idle'

export interface StartOptions {
  /** CPUs as taskset takes them ('1', '0,1'); null: any. */
  readonly cpu: string | null
  /** Default, and where it may not be had: like everybody. */
  readonly priority?: Priority | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A process that runs. */
export interface Running {
  readonly pid: number
  readonly end: Promise<Output>
  /** What it printed so far. */
  output(): string
  signal(name: NodeJS.Signals): void
}

/** Output beyond this is cut off: no tool prints as much. */
const outputCharsMax = 64 * 1024 * 1024

export class Children {
  readonly #running = new Set<ChildProcess>()

  start(argv: readonly string[], options: StartOptions): Running {
    const [program, ...args] = placed(argv, options)
    const spawnedNs = process.hrtime.bigint()
    const child = spawn(program!, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    const stdout = gather(child.stdout)
    const stderr = gather(child.stderr)
    const end = new Promise<Output>((resolve, reject) => {
      child.once('error', (error) => {
        this.#running.delete(child)
        reject(new Error(`cannot start ${program}: ${error.message}`))
      })
      child.once('close', (exitCode) => {
        this.#running.delete(child)
        const endedNs = process.hrtime.bigint()
        resolve({ exitCode, stdout: stdout(), stderr: stderr(), spawnedNs, endedNs })
      })
    })
    // Whoever waits for the end sees the error; nobody may be waiting yet.
    end.catch(() => {})
    return {
      pid: child.pid ?? -1,
      end,
      output: stdout,
      signal: (name) => void child.kill(name),
    }
  }

  /** Runs to the end; is killed after `timeoutS`. */
  async run(
    argv: readonly string[],
    options: StartOptions & { readonly timeoutS: number },
  ): Promise<Output> {
    const running = this.start(argv, options)
    const timer = setTimeout(() => running.signal('SIGKILL'), options.timeoutS * 1000)
    try {
      return await running.end
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends everything that still runs: first politely, after a second by force. */
  endAll(): void {
    for (const child of this.#running) {
      // A stopped process hears nothing but these two.
      child.kill('SIGCONT')
      child.kill('SIGTERM')
    }
    setTimeout(() => {
      for (const child of this.#running) child.kill('SIGKILL')
    }, 1000).unref()
  }
}

const taskset = pathOf('taskset')
const chrt = pathOf('chrt')
const chrtFlags = { urgent: ['--rr', '1'], idle: ['--idle', '0'] }

/** Whether processes can be kept on CPUs of their own. */
export const canPin = taskset !== null && availableParallelism() > 1

/** Whether processes can have another priority than everybody; real-time classes are a privilege. */
export const canPrioritise =
  chrt !== null && spawnSync(chrt, [...chrtFlags.urgent, 'true']).status === 0

/** Gives a process that runs another priority, with all its threads. */
export function prioritise(pid: number, priority: Priority): void {
  if (!canPrioritise) return
  const args = ['--all-tasks', '--pid', ...chrtFlags[priority], String(pid)]
  execFileSync(chrt!, args, { stdio: 'ignore' })
}

/** Keeps this process on a CPU, with all its threads. */
export function pinSelf(cpu: string): void {
  if (!canPin) return
  const args = ['--all-tasks', '--cpu-list', '--pid', cpu, String(process.pid)]
  execFileSync(taskset!, args, { stdio: 'ignore' })
}

function placed(argv: readonly string[], { cpu, priority }: StartOptions): readonly string[] {
  return [
    ...(priority !== undefined && canPrioritise ? [chrt!, ...chrtFlags[priority]] : []),
    ...(cpu !== null && canPin ? [taskset!, '-c', cpu] : []),
    ...argv,
  ]
}

function pathOf(program: string): string | null {
  return [`/usr/bin/${program}`, `/bin/${program}`].find((path) => existsSync(path)) ?? null
}

function gather(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (piece: string) => {
    if (text.length < outputCharsMax) text += piece
  })
  return () => text
}
