// One run of one client against one fresh server: starts both, watches the CPUs, checks the result.

import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadReport, LoadSpec } from '../tools/tool.ts'
import { keepAwake } from './awake.ts'
import type { Output, Priority } from './children.ts'
import { type Context, clientCpu, freshFolder, removeFolder, serverCpu } from './context.ts'
import { processS, residentBytesMost, waitForQuiet, watchCpu } from './cpu.ts'
import { type LoadedServer, type ServerLog, type ServerSpec, startServer } from './servers.ts'
import type { Reading, Values } from './types.ts'

export interface Client {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Run after the client, its output is what is read. */
  readonly afterwards?: readonly string[]
}

export interface ObserveOptions {
  readonly server: ServerSpec
  client(url: string): Client
  /** Keep the server's core from sleeping. */
  readonly isKeptAwake?: boolean
  readonly seconds: number
  /** Default the client's own CPU. */
  readonly cpu?: string
  /** Of the client. */
  readonly priority?: Priority
  /** Called when the client has been started. */
  onRunning?(server: LoadedServer): Promise<void>
}

export interface Observation {
  readonly output: Output
  readonly log: ServerLog
  readonly serverBusyShare: number
  readonly foreignShare: number
  readonly clientCpuShare: number
  readonly residentBytes: number | null
}

export async function observe(context: Context, options: ObserveOptions): Promise<Observation> {
  await waitForQuiet(10)
  const { children } = context
  const server = await startServer(context, options.server)
  const client = options.client(server.url)
  const cpu = options.cpu ?? clientCpu
  const serverSBefore = processS(server.pid)
  const vigil = options.isKeptAwake === true ? keepAwake(children, serverCpu) : null
  const readCpu = watchCpu()
  const { priority } = options
  const running = children.start(client.argv, { cpu, priority, env: client.env ?? {} })
  const timer = setTimeout(() => running.signal('SIGKILL'), (options.seconds + 30) * 1000)
  const memory = watchMemory(running.pid)
  try {
    const [output] = await Promise.all([running.end, options.onRunning?.(server)])
    const serverS = processS(server.pid) - serverSBefore
    const use = readCpu(serverS + (vigil === null ? 0 : processS(vigil.pid)))
    await vigil?.end()
    const told = client.afterwards
      ? await children.run(client.afterwards, { cpu, timeoutS: 60 })
      : output
    const log = await server.stop()
    return {
      output: { ...output, stdout: told.stdout },
      log,
      serverBusyShare: serverS / use.wallS,
      foreignShare: use.foreignS / use.wallS,
      clientCpuShare: use.clientS / use.wallS,
      residentBytes: memory.stop(),
    }
  } finally {
    clearTimeout(timer)
    memory.stop()
    running.signal('SIGKILL')
    server.signal('SIGKILL')
    await vigil?.end()
  }
}

export interface LoadOptions
  extends Pick<ObserveOptions, 'server' | 'isKeptAwake' | 'cpu' | 'onRunning'> {
  readonly tool: string
  readonly spec: Omit<LoadSpec, 'url' | 'folder'>
  /** More figures, from the server's log and what the tool left in its folder. */
  inspect?(observation: Observation, report: LoadReport, folder: string): Promise<Values> | Values
}

/** One run of a load generator. */
export async function measureLoad(context: Context, options: LoadOptions): Promise<Reading> {
  const tool = context.tools.get(options.tool)
  if (tool === undefined) throw new Error(`${options.tool} is absent`)
  const folder = freshFolder(context)
  try {
    const specOf = (url: string): LoadSpec => ({ ...options.spec, url, folder })
    const observation = await observe(context, {
      ...options,
      server: tool.serverOf?.(options.server) ?? options.server,
      seconds: options.spec.seconds,
      client: (url) => tool.command(specOf(url)),
    })
    const report = tool.read(observation.output, specOf(''))
    const more = (await options.inspect?.(observation, report, folder)) ?? {}
    return readingOf(observation, report, more)
  } finally {
    removeFolder(folder)
  }
}

function readingOf(observation: Observation, report: LoadReport, more: Values): Reading {
  const { log, serverBusyShare, foreignShare, clientCpuShare, residentBytes } = observation
  const { requests, ratePerS, p50Us, p99Us, failures } = report
  const served = log.counts.requests
  const fatal = [
    ...(requests > 0 && ratePerS > 0 ? [] : ['nothing was answered']),
    ...(failures === 0 ? [] : [`${failures} requests failed`]),
  ]
  const problems = [
    ...fatal,
    ...(served !== undefined && !agree(served, requests)
      ? [`the server counted ${served} requests, the tool ${requests}`]
      : []),
    ...(serverBusyShare > 0.97 ? ['the server was the limit'] : []),
    ...(report.notes ?? []),
  ]
  const values = { requests, ratePerS, p50Us, p99Us, clientCpuShare, residentBytes }
  return {
    values: { ...values, ...report.more, ...more },
    serverBusyShare,
    foreignShare,
    isUsable: fatal.length === 0,
    problems,
  }
}

/** Tools leave out what was in flight at the end; beyond that the two counts are the same. */
function agree(served: number, requests: number): boolean {
  return Math.abs(served - requests) <= Math.max(300, 0.02 * served)
}

/** Looks at the memory of a process until it ends: the kernel keeps the maximum. */
function watchMemory(pid: number): { stop(): number | null } {
  let bytes: number | null = null
  let isOver = false
  const look = async () => {
    while (!isOver) {
      bytes = residentBytesMost(pid) ?? bytes
      await sleep(100)
    }
  }
  void look()
  return {
    stop() {
      isOver = true
      return bytes
    },
  }
}
