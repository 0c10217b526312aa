// What LLM Server knows about its keys: who they are, and what they have used.

import type { RequestCost } from '../../../core/limits.ts'
import type { Micros } from '../../../core/units.ts'

/** Usage of one key, as its own API tells it. */
interface Usage {
  requests: number
  promptTokens: number
  completionTokens: number
  readonly firstUs: Micros
  lastUs: Micros
}

export class UsageBook {
  readonly #byKey = new Map<string, Usage>()

  asked(key: string, us: Micros): void {
    const usage = this.#byKey.get(key)
    if (usage === undefined) {
      const none = { promptTokens: 0, completionTokens: 0 }
      this.#byKey.set(key, { requests: 1, ...none, firstUs: us, lastUs: us })
    } else {
      usage.requests++
      usage.lastUs = us
    }
  }

  served(key: string, { promptTokens, completionTokens }: RequestCost): void {
    const usage = this.#byKey.get(key)
    if (usage === undefined) return
    usage.promptTokens += promptTokens
    usage.completionTokens += completionTokens
  }

  of(key: string): object {
    const usage = this.#byKey.get(key)
    const instant = (us: Micros | undefined) =>
      us === undefined ? null : new Date(us / 1000).toISOString()
    return {
      api_key: key,
      role: roleOf(key),
      total_requests: usage?.requests ?? 0,
      first_request_at: instant(usage?.firstUs),
      last_request_at: instant(usage?.lastUs),
      total_prompt_tokens: usage?.promptTokens ?? 0,
      total_completion_tokens: usage?.completionTokens ?? 0,
    }
  }

  all(): object[] {
    return [...this.#byKey.keys()].map((key) => this.of(key))
  }
}

export function roleOf(key: string): 'admin' | 'user' {
  return key.includes('admin') ? 'admin' : 'user'
}
