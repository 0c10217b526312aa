// Virtual keys, teams and customers of Bifrost: what they are, whose they are, and which limits stand
// above them. Must not know HTTP.

import type { Micros } from '../../../core/units.ts'
import type { House } from '../../system.ts'
import { uuidOf } from '../../uuid.ts'
import { asObject, budgetInput, type Json, listIn, Refused, rateInputs, textIn } from './inputs.ts'
import type { BifrostKnobs } from './knobs.ts'
import { type Level, Meter } from './meters.ts'

interface Entity {
  readonly id: string
  name: string
  budget: Meter | null
  readonly createdUs: Micros
  updatedUs: Micros
}

export type Customer = Entity

export interface Team extends Entity {
  customerId: string | null
}

/** What a virtual key may do with one provider. */
export interface ProviderConfig {
  readonly id: number
  readonly provider: string
  readonly weight: number
  /** Empty: all of them. */
  readonly allowedModels: readonly string[]
  readonly budget: Meter | null
  readonly rates: readonly Meter[]
}

export interface VirtualKey extends Entity {
  readonly value: string
  description: string
  isActive: boolean
  teamId: string | null
  customerId: string | null
  rates: readonly Meter[]
  providers: readonly ProviderConfig[]
  allowedModels: readonly string[]
  allowedProviders: readonly string[]
}

export class Store {
  readonly keys = new Map<string, VirtualKey>()
  readonly teams = new Map<string, Team>()
  readonly customers = new Map<string, Customer>()
  readonly #tools: { readonly house: House; readonly knobs: BifrostKnobs }
  #nextId = 1

  constructor(house: House, knobs: BifrostKnobs) {
    this.#tools = { house, knobs }
  }

  byValue(value: string): VirtualKey | undefined {
    return [...this.keys.values()].find((key) => key.value === value)
  }

  createCustomer(json: Json): Customer {
    const customer = this.#entity(json, this.customers, 'Customer')
    this.customers.set(customer.id, customer)
    return customer
  }

  createTeam(json: Json): Team {
    const customerId = this.#reference(textIn(json, 'customer_id'), this.customers)
    const team: Team = { ...this.#entity(json, this.teams, 'Team'), customerId }
    this.teams.set(team.id, team)
    return team
  }

  createKey(json: Json): VirtualKey {
    if (textIn(json, 'name') === undefined) throw new Refused(400, 'Virtual key name is required')
    const owner = this.#owner(json)
    const entity = this.#entity(json, this.keys, 'VK')
    const key: VirtualKey = {
      ...entity,
      ...owner,
      value: `sk-bf-${uuidOf(`value of ${entity.id}`)}`,
      description: textIn(json, 'description') ?? '',
      isActive: json.is_active !== false,
      rates: this.#rates(json.rate_limit, 'VK'),
      providers: this.#providers(json.provider_configs),
      allowedModels: listIn(json, 'allowed_models'),
      allowedProviders: listIn(json, 'allowed_providers'),
    }
    this.keys.set(key.id, key)
    return key
  }

  updateCustomer(customer: Customer, json: Json): void {
    this.#update(customer, json, 'Customer')
  }

  updateTeam(team: Team, json: Json): void {
    const customerId = textIn(json, 'customer_id')
    if (customerId !== undefined) team.customerId = this.#reference(customerId, this.customers)
    this.#update(team, json, 'Team')
  }

  updateKey(key: VirtualKey, json: Json): void {
    if (json.team_id !== undefined || json.customer_id !== undefined) {
      Object.assign(key, this.#owner(json))
    }
    key.description = textIn(json, 'description') ?? key.description
    if (typeof json.is_active === 'boolean') key.isActive = json.is_active
    if (json.rate_limit !== undefined) key.rates = this.#rates(json.rate_limit, 'VK', key.rates)
    if (json.provider_configs !== undefined) key.providers = this.#providers(json.provider_configs)
    this.#update(key, json, 'VK')
  }

  remove(kind: 'keys' | 'teams' | 'customers', id: string): void {
    this[kind].delete(id)
    for (const key of this.keys.values()) {
      if (key.teamId === id) key.teamId = null
      if (key.customerId === id) key.customerId = null
    }
    for (const team of this.teams.values()) if (team.customerId === id) team.customerId = null
  }

  /** Budgets above a key, nearest first. */
  budgetsAbove(key: VirtualKey): readonly Meter[] {
    const team = key.teamId === null ? undefined : this.teams.get(key.teamId)
    const customerId = key.customerId ?? team?.customerId
    const customer = customerId ? this.customers.get(customerId) : undefined
    return [key.budget, team?.budget, customer?.budget].filter((meter) => !!meter)
  }

  #entity(json: Json, others: ReadonlyMap<string, Entity>, level: Level): Entity {
    const name = textIn(json, 'name')
    if (!name) throw new Refused(400, `${level} name is required`)
    if ([...others.values()].some((other) => other.name === name)) {
      throw new Refused(500, `UNIQUE constraint failed: ${level.toLowerCase()}.name`)
    }
    const budget = this.#budget(json.budget, level)
    const nowUs = this.#tools.house.clock.nowUs()
    const id = uuidOf(`${level} ${this.#nextId++}`)
    return { id, name, budget, createdUs: nowUs, updatedUs: nowUs }
  }

  #update(entity: Entity, json: Json, level: Level): void {
    const name = textIn(json, 'name')
    if (name) entity.name = name
    if (json.budget !== undefined) {
      entity.budget = this.#budget(json.budget, level, entity.budget ?? undefined)
    }
    entity.updatedUs = this.#tools.house.clock.nowUs()
  }

  #budget(value: unknown, level: Level, before?: Meter): Meter | null {
    const json = asObject(value)
    if (json === undefined) return null
    return new Meter(this.#tools, level, budgetInput(json, before?.input), before)
  }

  #rates(value: unknown, level: Level, before: readonly Meter[] = []): readonly Meter[] {
    const json = asObject(value)
    if (json === undefined) return []
    return rateInputs(json).map((input) => {
      const same = before.find((meter) => meter.input.unit === input.unit)
      return new Meter(this.#tools, level, input, same)
    })
  }

  #providers(value: unknown): readonly ProviderConfig[] {
    if (!Array.isArray(value)) return []
    return value.flatMap((item) => {
      const json = asObject(item)
      const provider = json && textIn(json, 'provider')
      if (json === undefined || !provider) return []
      const weight = Number(json.weight ?? 1)
      const budget = this.#budget(json.budget, 'Provider')
      const rates = this.#rates(json.rate_limit, 'Provider')
      const allowedModels = listIn(json, 'allowed_models')
      return [{ id: this.#nextId++, provider, weight, allowedModels, budget, rates }]
    })
  }

  /** Who a key belongs to: a team or a customer, never both. */
  #owner(json: Json): Pick<VirtualKey, 'teamId' | 'customerId'> {
    const team = textIn(json, 'team_id')
    const customer = textIn(json, 'customer_id')
    const mayHaveBoth = this.#tools.house.spec.breaks.includes('both-owners-accepted')
    if (team && customer && !mayHaveBoth) {
      throw new Refused(400, 'VirtualKey cannot be attached to both Team and Customer')
    }
    return {
      teamId: this.#reference(team, this.teams),
      customerId: this.#reference(customer, this.customers),
    }
  }

  #reference(id: string | undefined, among: ReadonlyMap<string, Entity>): string | null {
    if (!id) return null
    if (!among.has(id)) throw new Refused(500, 'FOREIGN KEY constraint failed')
    return id
  }
}
