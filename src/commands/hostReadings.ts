// What the system says about this machine and this process, where it is Linux; null elsewhere.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import type { HostReadings } from '../analysis/health.ts'

/** Returns a function that reads what has happened since, and where things stand. */
export function watchHost(): () => HostReadings {
  const before = cpuTimes()
  return () => {
    const now = cpuTimes()
    const share = (of: (times: CpuTimes) => number) => {
      if (before === null || now === null || now.total <= before.total) return null
      return (of(now) - of(before)) / (now.total - before.total)
    }
    return {
      stealShare: share(({ steal }) => steal),
      busyShare: share(({ total, idle }) => total - idle),
      descriptorsShare: descriptorsShare(),
      portsShare: portsShare(),
    }
  }
}

/** Most file descriptors that this process may have; null where unknown. */
export function descriptorsMax(): number | null {
  const limits = textOf('/proc/self/limits')
  const soft = /^Max open files\s+(\d+)/m.exec(limits)
  return soft === null ? null : Number(soft[1])
}

interface CpuTimes {
  readonly idle: number
  readonly steal: number
  readonly total: number
}

function cpuTimes(): CpuTimes | null {
  // cpu user nice system idle iowait irq softirq steal guest guest_nice; guest is in user.
  const line = textOf('/proc/stat').split('\n', 1)[0]!
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number)
  const total = times.reduce((sum, ticks) => sum + ticks, 0)
  if (times.length < 8 || !Number.isFinite(total)) return null
  return { idle: times[3]! + times[4]!, steal: times[7]!, total }
}

function descriptorsShare(): number | null {
  const most = descriptorsMax()
  try {
    return most === null ? null : descriptors() / most
  } catch {
    return null
  }
}

/** Linux has the number as the size of the folder from 6.2 on; to list it costs a call for each. */
function descriptors(): number {
  const { size } = statSync('/proc/self/fd')
  return size > 0 ? size : readdirSync('/proc/self/fd').length
}

function portsShare(): number | null {
  const range = /^(\d+)\s+(\d+)/.exec(textOf('/proc/sys/net/ipv4/ip_local_port_range'))
  // Listening sockets are among those in use, and few.
  const used = /^TCP: inuse (\d+) .*\btw (\d+)/m.exec(textOf('/proc/net/sockstat'))
  if (range === null || used === null) return null
  return (Number(used[1]) + Number(used[2])) / (Number(range[2]) - Number(range[1]) + 1)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
