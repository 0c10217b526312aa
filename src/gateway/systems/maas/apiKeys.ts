// The API keys that users of MaaS have: names for long-lived tokens.

import type { User } from './tokens.ts'

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly description: string
}

export class ApiKeys {
  readonly #byUser = new Map<string, ApiKey[]>()

  add(user: User, key: ApiKey): void {
    this.#byUser.set(user.id, [...this.of(user), key])
  }

  of(user: User): ApiKey[] {
    return this.#byUser.get(user.id) ?? []
  }
}
