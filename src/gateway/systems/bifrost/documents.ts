// How Bifrost's API shows its virtual keys, teams and customers.

import type { Micros } from '../../../core/units.ts'
import { uuidOf } from '../../uuid.ts'
import type { Meter } from './meters.ts'
import type { Customer, ProviderConfig, Store, Team, VirtualKey } from './store.ts'

export class Documents {
  readonly #store: Store
  readonly #isStale: boolean

  /** `isStale`: use is not shown. */
  constructor(store: Store, isStale: boolean) {
    this.#store = store
    this.#isStale = isStale
  }

  key(key: VirtualKey): object {
    const team = key.teamId === null ? undefined : this.#store.teams.get(key.teamId)
    const customer = key.customerId === null ? undefined : this.#store.customers.get(key.customerId)
    return {
      id: key.id,
      name: key.name,
      description: key.description,
      value: key.value,
      is_active: key.isActive,
      provider_configs: key.providers.map((config) => this.#provider(config, key)),
      mcp_configs: [],
      team_id: key.teamId,
      customer_id: key.customerId,
      ...this.#limits(key.id, key.budget, key.rates),
      keys: [],
      team: team ? this.team(team) : null,
      customer: customer ? this.#customer(customer) : null,
      ...stamps(key),
    }
  }

  team(team: Team): object {
    const customer =
      team.customerId === null ? undefined : this.#store.customers.get(team.customerId)
    const { budget, budget_id } = this.#limits(team.id, team.budget, [])
    return {
      id: team.id,
      name: team.name,
      customer_id: team.customerId,
      budget_id,
      budget,
      customer: customer ? this.#customer(customer) : null,
      ...stamps(team),
    }
  }

  customer(customer: Customer): object {
    const teams = [...this.#store.teams.values()]
      .filter(({ customerId }) => customerId === customer.id)
      .map((team) => ({ id: team.id, name: team.name, customer_id: customer.id }))
    return { ...this.#customer(customer), teams }
  }

  #customer(customer: Customer): object {
    const { budget, budget_id } = this.#limits(customer.id, customer.budget, [])
    return { id: customer.id, name: customer.name, budget_id, budget, ...stamps(customer) }
  }

  #provider(config: ProviderConfig, key: VirtualKey): object {
    const { id, provider, weight, allowedModels, budget, rates } = config
    return {
      id,
      virtual_key_id: key.id,
      provider,
      weight,
      allowed_models: allowedModels,
      ...this.#limits(`${key.id} ${id}`, budget, rates),
    }
  }

  #limits(owner: string, budget: Meter | null, rates: readonly Meter[]) {
    const budget_id = budget === null ? null : uuidOf(`budget of ${owner}`)
    const rate_limit_id = rates.length === 0 ? null : uuidOf(`rate limit of ${owner}`)
    const rateOf = (word: 'request' | 'token') => {
      const meter = rates.find(({ input }) => input.unit === `${word}s`)
      return {
        [`${word}_max_limit`]: meter?.input.maxLimit ?? null,
        [`${word}_reset_duration`]: meter?.input.resetDuration ?? null,
        [`${word}_current_usage`]: meter === undefined ? 0 : this.#used(meter),
        [`${word}_last_reset`]: meter?.lastReset ?? null,
      }
    }
    return {
      budget_id,
      rate_limit_id,
      budget:
        budget === null
          ? null
          : {
              id: budget_id,
              max_limit: budget.input.maxLimit,
              reset_duration: budget.input.resetDuration,
              last_reset: budget.lastReset,
              current_usage: this.#used(budget),
            },
      rate_limit:
        rate_limit_id === null
          ? null
          : { id: rate_limit_id, ...rateOf('token'), ...rateOf('request') },
    }
  }

  #used(meter: Meter): number {
    return this.#isStale ? 0 : meter.used
  }
}

function stamps({ createdUs, updatedUs }: { createdUs: Micros; updatedUs: Micros }) {
  const instant = (us: Micros) => new Date(us / 1000).toISOString()
  return { created_at: instant(createdUs), updated_at: instant(updatedUs) }
}
