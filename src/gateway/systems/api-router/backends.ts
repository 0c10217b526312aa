// The backends of the API router and what its administrators may do with them.

import type { Clock } from '../../../core/clock.ts'
import { answerJson } from '../../exchange.ts'
import type { Call, Route } from '../../system.ts'

/** Where a request goes, and why there. */
export interface Routing {
  readonly backend: string
  readonly decision: 'PRIMARY' | 'FAILOVER'
}

const names = ['mock-backend-1', 'mock-backend-2']

/** Decisions that are remembered. */
const decisionsMax = 100

export class Backends {
  readonly #clock: Clock
  readonly #degraded = new Set<string>()
  readonly #decisions: object[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get first(): string {
    return names[0]!
  }

  get hasHealthy(): boolean {
    return names.some((name) => !this.#degraded.has(name))
  }

  /** The first healthy backend; null where there is none. */
  choose(): Routing | null {
    const backend = names.find((name) => !this.#degraded.has(name))
    if (backend === undefined) return null
    const routing = { backend, decision: backend === names[0] ? 'PRIMARY' : 'FAILOVER' } as const
    this.#decisions.unshift({ ...routing, timestamp: this.#timestamp() })
    this.#decisions.length = Math.min(this.#decisions.length, decisionsMax)
    return routing
  }

  routes(): Route[] {
    const prefix = '/v1/admin/routing'
    const onBackend = (
      method: 'GET' | 'POST',
      path: string,
      run: (name: string) => void,
    ): Route => ({
      method,
      path: `${prefix}/backends/:id/${path}`,
      handle: (call) => this.#onBackend(call, run),
    })
    return [
      {
        method: 'GET',
        path: `${prefix}/backends`,
        handle: ({ reply }) =>
          answerJson(reply, 200, { backends: names.map((name) => this.#health(name)) }),
      },
      {
        method: 'GET',
        path: `${prefix}/decisions`,
        handle: ({ reply }) => answerJson(reply, 200, { decisions: this.#decisions }),
      },
      onBackend('POST', 'degrade', (name) => this.#degraded.add(name)),
      onBackend('POST', 'healthy', (name) => this.#degraded.delete(name)),
      onBackend('GET', 'health', () => {}),
    ]
  }

  #onBackend({ params, reply }: Call, run: (name: string) => void): void {
    const name = params.id!
    if (!names.includes(name)) {
      return answerJson(reply, 404, { error: `backend ${name} not found`, code: 'NOT_FOUND' })
    }
    run(name)
    answerJson(reply, 200, this.#health(name))
  }

  #health(backend_id: string) {
    const status = this.#degraded.has(backend_id) ? 'degraded' : 'healthy'
    return { backend_id, status, last_check: this.#timestamp() }
  }

  #timestamp(): string {
    return new Date(this.#clock.nowUs() / 1000).toISOString()
  }
}
