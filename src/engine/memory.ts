// What one scenario knows: the variables of its plan, what its steps captured, and which of it is
// secret.

import { redactor } from '../core/text.ts'
import { type LaneSecrets, secretValues } from '../load/lanes.ts'
import type { Plan } from '../load/plan.ts'
import type { Scalar } from '../load/steps.ts'

export class Memory {
  /** By name, for `{{name}}`. */
  readonly variables = new Map<string, Scalar>()
  readonly #plan: Plan
  readonly #credentials: ReadonlySet<string>
  readonly #captured = new Map<string, Scalar>()
  #secrets: readonly string[]
  #redact: (text: string) => string

  constructor(plan: Plan, secrets: LaneSecrets) {
    this.#plan = plan
    this.#credentials = new Set(
      plan.lanes.flatMap(({ credential }) =>
        credential.from === 'capture' ? credential.name : [],
      ),
    )
    this.#secrets = secretValues(secrets)
    this.#redact = redactor(this.#secrets)
  }

  /** A scenario begins: nothing is captured yet. Secrets of those before it stay secret. */
  begin(): void {
    this.#captured.clear()
    this.variables.clear()
    for (const [name, value] of Object.entries(this.#plan.variables))
      this.variables.set(name, value)
    this.variables.set('run', this.#plan.runId)
  }

  /** Keeps what a step captured; false where there is nothing that can be kept. */
  keep(name: string, value: unknown, isSecret: boolean): boolean {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return false
    }
    this.variables.set(name, value)
    if (isSecret || this.#credentials.has(name)) {
      this.#secrets = [...this.#secrets, String(value)]
      this.#redact = redactor(this.#secrets)
    } else this.#captured.set(name, value)
    return true
  }

  /** What the steps of the scenario captured, but for secrets. */
  get captured(): Readonly<Record<string, Scalar>> {
    return Object.fromEntries(this.#captured)
  }

  redact(text: string): string {
    return this.#redact(text)
  }
}
