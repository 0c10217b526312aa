// Keeps a core from sleeping: a virtual core that sleeps is woken by its host when that finds the time.

import { existsSync } from 'node:fs'
import { type Children, canPin } from './children.ts'

const chrt = ['/usr/bin/chrt', '/bin/chrt'].find((path) => existsSync(path))

/**
 * Spins on a core until the returned function is called, only when nobody else wants it (SCHED_IDLE);
 * does nothing where that cannot be had.
 */
export function keepAwake(children: Children, cpu: string): () => Promise<void> {
  if (chrt === undefined || !canPin) return async () => {}
  const running = children.start([chrt, '--idle', '0', 'sh', '-c', 'while :; do :; done'], { cpu })
  return async () => {
    running.signal('SIGTERM')
    await running.end
  }
}
