// What the hypervisor took: steal time from /proc/stat, where the system has it.

import { readFileSync } from 'node:fs'

/** Returns a function that gives the share of CPU time stolen since; null where unknown. */
export function watchSteal(): () => number | null {
  const before = readCpu()
  return () => {
    const now = readCpu()
    if (before === null || now === null || now.total <= before.total) return null
    return (now.steal - before.steal) / (now.total - before.total)
  }
}

function readCpu(): { steal: number; total: number } | null {
  try {
    // cpu user nice system idle iowait irq softirq steal guest guest_nice; guest is in user.
    const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!
    const times = line.trim().split(/\s+/).slice(1, 9).map(Number)
    const total = times.reduce((sum, ticks) => sum + ticks, 0)
    return times.length === 8 && Number.isFinite(total) ? { steal: times[7]!, total } : null
  } catch {
    return null
  }
}
