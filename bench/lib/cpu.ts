// Who used the CPUs: the machine, the bench, its children, one process. Linux only (/proc).

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** CPU time in s. */
interface CpuTimes {
  readonly wallS: number
  readonly machineS: number
  readonly ownS: number
  /** Of children that have ended and been waited for. */
  readonly childrenS: number
}

/** CPU used between two moments, in s. */
export interface CpuUse {
  readonly wallS: number
  readonly clientS: number
  /** Used by nobody that the bench knows of. */
  readonly foreignS: number
}

/** /proc counts in hundredths of a second, whatever the kernel's own tick. */
const ticksPerS = 100

/** Starts to watch; the result is read after the client has ended, while the server still runs. */
export function watchCpu(): (serverS: number) => CpuUse {
  const before = times()
  return (serverS) => {
    const after = times()
    const wallS = after.wallS - before.wallS
    const clientS = after.childrenS - before.childrenS
    const ownS = after.ownS - before.ownS
    const foreignS = Math.max(0, after.machineS - before.machineS - clientS - ownS - serverS)
    return { wallS, clientS, foreignS }
  }
}

/** CPU time of a process so far, in s; 0 when it is gone. */
export function processS(pid: number): number {
  const [userTicks, systemTicks] = ticksOf(`/proc/${pid}/stat`)
  return (userTicks + systemTicks) / ticksPerS
}

/** Most memory a process ever had resident, in bytes; null when it is gone. */
export function residentBytesMost(pid: number): number | null {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))
  return match === null ? null : Number(match[1]) * 1024
}

/** Waits until others take little of the machine, for up to `timeoutS`. */
export async function waitForQuiet(timeoutS: number): Promise<void> {
  const endMs = performance.now() + timeoutS * 1000
  while (performance.now() < endMs) {
    const before = times()
    await sleep(200)
    const after = times()
    const busyShare = (after.machineS - before.machineS) / (after.wallS - before.wallS)
    if (busyShare < 0.25) return
  }
}

function times(): CpuTimes {
  const [userTicks, systemTicks, childUserTicks, childSystemTicks] = ticksOf('/proc/self/stat')
  // user nice system idle iowait irq softirq steal; guests are counted in user already.
  const cpu = textOf('/proc/stat').split('\n')[0]!.split(/\s+/).slice(1).map(Number)
  const machineTicks = [0, 1, 2, 5, 6, 7].reduce((sum, i) => sum + (cpu[i] ?? 0), 0)
  return {
    wallS: performance.now() / 1000,
    machineS: machineTicks / ticksPerS,
    ownS: (userTicks + systemTicks) / ticksPerS,
    childrenS: (childUserTicks + childSystemTicks) / ticksPerS,
  }
}

/** utime, stime, cutime, cstime: fields 14 to 17, counted from behind the name in brackets. */
function ticksOf(path: string): readonly [number, number, number, number] {
  const text = textOf(path)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number)
  return [user, system, childUser, childSystem]
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
