// What the system says about this machine and this process, where it is Linux; null elsewhere.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import type { HostReadings } from '../analysis/health.ts'
import { wallMs } from '../core/realClock.ts'

/** Returns a function that reads what has happened since, and where things stand. */
export function watchHost(): () => HostReadings {
  const before = cpuTimes()
  const [descriptors, portsUsedShare] = [descriptorsMax(), watchPorts()]
  return () => {
    const now = cpuTimes()
    const share = (of: (times: CpuTimes) => number) => {
      if (before === null || now === null || now.total <= before.total) return null
      return (of(now) - of(before)) / (now.total - before.total)
    }
    return {
      stealShare: share(({ steal }) => steal),
      busyShare: share(({ total, idle }) => total - idle),
      descriptorsShare: shareOf(descriptorsUsed(), descriptors),
      portsShare: portsUsedShare(),
    }
  }
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

/** Most file descriptors that this process may have. */
function descriptorsMax(): number | null {
  const soft = /^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits'))
  return soft === null ? null : Number(soft[1])
}

/** Linux has the number as the size of the folder from 6.2 on; to list it costs a call for each. */
function descriptorsUsed(): number | null {
  try {
    const { size } = statSync('/proc/self/fd')
    return size > 0 ? size : readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}

/** Up to this share of all ports it does not matter where they lead. */
const portsShareIdle = 0.5

/** To list 14,000 sockets took 70 ms. */
const portsListEveryMs = 2_000

/** Share of the ephemeral ports that lead to one peer: as many again may lead to another. */
function watchPorts(): () => number | null {
  const most = portsMax()
  let listed: { readonly atMs: number; readonly share: number | null } | null = null
  return () => {
    const share = shareOf(socketsUsed(), most)
    if (share === null || share <= portsShareIdle) return share
    const nowMs = wallMs()
    if (listed === null || nowMs - listed.atMs >= portsListEveryMs) {
      const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(textOf)
      listed = { atMs: nowMs, share: shareOf(socketsToBusiestPeer(tables), most) }
    }
    return listed.share
  }
}

function portsMax(): number | null {
  const range = /^(\d+)\s+(\d+)/.exec(textOf('/proc/sys/net/ipv4/ip_local_port_range'))
  return range === null ? null : Number(range[2]) - Number(range[1]) + 1
}

/** All of them, wherever they lead; listening sockets are among them, and few. */
function socketsUsed(): number | null {
  const used = /^TCP: inuse (\d+) .*\btw (\d+)/m.exec(textOf('/proc/net/sockstat'))
  return used === null ? null : Number(used[1]) + Number(used[2])
}

/** Most sockets with the same remote address and port, in tables like `/proc/net/tcp`. */
export function socketsToBusiestPeer(tables: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const table of tables) {
    for (const [, peer] of table.matchAll(/^\s*\d+: \S+ (\S+)/gm)) {
      counts.set(peer!, (counts.get(peer!) ?? 0) + 1)
    }
  }
  // Spread into Math.max, as many peers as there are clients of a server here would be too many.
  return [...counts.values()].reduce((a, b) => Math.max(a, b), 0)
}

function shareOf(used: number | null, most: number | null): number | null {
  return used === null || most === null ? null : used / most
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
