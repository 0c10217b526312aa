// Keeps a core from sleeping: a virtual core that sleeps is woken by its host when that finds the time.

import { type Children, canPin, canPrioritise } from './children.ts'

/**
 * Spins on a core until the returned function is called, only when nobody else wants it; does nothing
 * where that cannot be had.
 */
export function keepAwake(children: Children, cpu: string): () => Promise<void> {
  if (!canPin || !canPrioritise) return async () => {}
  const loop = ['sh', '-c', 'while :; do :; done']
  const running = children.start(loop, { cpu, priority: 'idle' })
  return async () => {
    running.signal('SIGTERM')
    await running.end
  }
}
