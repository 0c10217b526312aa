// Resident memory over minutes of real time: a constant rate at the embedded gateway, every request
// on disk. Prints one line of JSON. usage: node soak.ts SECONDS

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Children } from '../lib/children.ts'
import { clientCpu, makeScratch, removeFolder } from '../lib/context.ts'
import { limitscopeArgv, startGateway } from '../lib/gateway.ts'
import { type MemorySample, memoryFigures } from '../lib/memory.ts'

const seconds = Number(process.argv[2] ?? 600)
const ratePerS = 1_000
const children = new Children()
const scratchPath = makeScratch()
process.on('SIGTERM', () => children.endAll())

try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
} finally {
  children.endAll()
  removeFolder(scratchPath)
}

async function measure() {
  const gateway = await startGateway(children, ['--preset', 'plain'])
  const load = ['load', `${gateway.url}/v1/models`, '-r', `${ratePerS}/s`, '-d', `${seconds}s`]
  const output = ['--out', scratchPath, '--workers', '1', '--json', '--reporter', 'silent']
  const running = children.start([...limitscopeArgv, ...load, ...output], { cpu: clientCpu })
  let isOver = false
  const end = running.end.finally(() => {
    isOver = true
  })
  const samples: MemorySample[] = []
  for (let s = 0; !isOver; s++) {
    const residentBytes = residentBytesOf(running.pid)
    if (residentBytes !== null) samples.push({ at: s / seconds, residentBytes })
    await Promise.race([end, sleep(1000)])
  }
  const { stdout, stderr } = await end
  gateway.stop()
  if (!stdout.includes('{')) throw new Error(`limitscope load: ${stderr.trim()}`)
  const { scenarios } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Summary
  return { requests: scenarios[0]!.counts.ok, ...memoryFigures(samples) }
}

interface Summary {
  readonly scenarios: readonly { readonly counts: { readonly ok: number } }[]
}

function residentBytesOf(pid: number): number | null {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return match === null ? null : Number(match[1]) * 1024
  } catch {
    return null
  }
}
