// Keeps a core from sleeping: a virtual core that sleeps is woken by its host when that finds the time.

import { type Children, canPin, canPrioritise } from './children.ts'

export interface Vigil {
  /** Of the loop that keeps it awake; none: -1. */
  readonly pid: number
  end(): Promise<void>
}

/** Spins on a core, only when nobody else wants it; does nothing where that cannot be had. */
export function keepAwake(children: Children, cpu: string): Vigil {
  if (!canPin || !canPrioritise) return { pid: -1, async end() {} }
  const loop = ['sh', '-c', 'while :; do :; done']
  const running = children.start(loop, { cpu, priority: 'idle' })
  return {
    pid: running.pid,
    async end() {
      running.signal('SIGTERM')
      await running.end
    },
  }
}
