// Bifrost's governance API: create, list, show, change and delete what limits belong to.

import type { WrittenResponse } from '../../../dialects/dialect.ts'
import { jsonResponse } from '../../../dialects/write.ts'
import { jsonObject } from '../../exchange.ts'
import type { Call, House, Method, Route } from '../../system.ts'
import { Documents } from './documents.ts'
import { type Json, Refused, textIn } from './inputs.ts'
import type { BifrostKnobs } from './knobs.ts'
import type { Store } from './store.ts'

const prefix = '/api/governance'

/** One kind of thing that the API has. */
interface Collection<T> {
  readonly path: string
  readonly one: string
  readonly many: string
  readonly title: string
  readonly all: ReadonlyMap<string, T>
  create(json: Json): T
  update(item: T, json: Json): void
  remove(id: string): void
  show(item: T): object
}

export function adminRoutes(house: House, store: Store, knobs: BifrostKnobs): Route[] {
  const documents = new Documents(store, house.spec.breaks.includes('usage-read-back-stale'))
  const created = Number(knobs.CREATED_STATUS)
  return [
    ...collectionRoutes(created, {
      path: 'virtual-keys',
      one: 'virtual_key',
      many: 'virtual_keys',
      title: 'Virtual key',
      all: store.keys,
      create: (json) => store.createKey(json),
      update: (key, json) => store.updateKey(key, json),
      remove: (id) => store.remove('keys', id),
      show: (key) => documents.key(key),
    }),
    ...collectionRoutes(created, {
      path: 'teams',
      one: 'team',
      many: 'teams',
      title: 'Team',
      all: store.teams,
      create: (json) => store.createTeam(json),
      update: (team, json) => store.updateTeam(team, json),
      remove: (id) => store.remove('teams', id),
      show: (team) => documents.team(team),
    }),
    ...collectionRoutes(created, {
      path: 'customers',
      one: 'customer',
      many: 'customers',
      title: 'Customer',
      all: store.customers,
      create: (json) => store.createCustomer(json),
      update: (customer, json) => store.updateCustomer(customer, json),
      remove: (id) => store.remove('customers', id),
      show: (customer) => documents.customer(customer),
    }),
    ...(knobs.MONITORING ? monitoringRoutes(house, store, documents) : []),
  ]
}

function collectionRoutes<T>(created: number, collection: Collection<T>): Route[] {
  const { path, one, many, title, all } = collection
  const at = `${prefix}/${path}`
  const item = (method: Method, run: (item: T, call: Call) => object): Route =>
    route(method, `${at}/:id`, (call) => {
      const found = all.get(call.params.id!)
      if (found === undefined) throw new Refused(404, `${title} not found`)
      return jsonResponse(200, run(found, call))
    })
  const done = (verb: string) => `${title} ${verb} successfully`
  return [
    route('GET', at, (call) => {
      const shown = [...all.values()]
        .map((value) => collection.show(value))
        .filter(isWanted(call.request.path))
      return jsonResponse(200, { [many]: shown, count: shown.length })
    }),
    route('POST', at, (call) => {
      const made = collection.create(bodyOf(call))
      return jsonResponse(created, { message: done('created'), [one]: collection.show(made) })
    }),
    item('GET', (found) => ({ [one]: collection.show(found) })),
    item('PUT', (found, call) => {
      collection.update(found, bodyOf(call))
      return { message: done('updated'), [one]: collection.show(found) }
    }),
    item('DELETE', (_found, { params }) => {
      collection.remove(params.id!)
      return { message: done('deleted') }
    }),
  ]
}

/** The filter in a query like `?customer_id=…`. */
function isWanted(path: string): (item: object) => boolean {
  const query = [...new URLSearchParams(path.split('?')[1] ?? '')]
  return (item) => query.every(([name, value]) => (item as Json)[name] === value)
}

/** What the documents describe and no server ever had. */
function monitoringRoutes({ metrics }: House, store: Store, documents: Documents): Route[] {
  const keys = () => [...store.keys.values()]
  return [
    route('GET', `${prefix}/usage-stats`, () =>
      jsonResponse(200, { virtual_keys: keys().map((key) => documents.key(key)) }),
    ),
    route('POST', `${prefix}/usage-reset`, (call) => {
      const key = store.keys.get(textIn(bodyOf(call), 'virtual_key_id') ?? '')
      if (key === undefined) throw new Refused(404, 'Virtual key not found')
      for (const meter of [...key.rates, key.budget]) meter?.reset()
      return jsonResponse(200, { message: 'Usage reset successfully' })
    }),
    route('GET', `${prefix}/debug/stats`, () =>
      jsonResponse(200, { allowed: metrics.allowed, denied: metrics.denied }),
    ),
    route('GET', `${prefix}/debug/counters`, () =>
      jsonResponse(200, { counters: keys().map((key) => documents.key(key)) }),
    ),
    route('GET', `${prefix}/debug/health`, () => jsonResponse(200, { status: 'ok' })),
  ]
}

function route(method: Method, path: string, run: (call: Call) => WrittenResponse): Route {
  return {
    method,
    path,
    handle(call) {
      const { status, headers, body } = answered(call, run)
      call.reply.head(status, headers)
      call.reply.end(body)
    },
  }
}

function answered(call: Call, run: (call: Call) => WrittenResponse): WrittenResponse {
  try {
    return run(call)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return bifrostError(error.status, null, error.message)
  }
}

function bodyOf({ request }: Call): Json {
  const json = jsonObject(request.body)
  if (json === undefined) throw new Refused(400, 'Invalid JSON')
  return json
}

/** An error as all of Bifrost writes it. */
export function bifrostError(
  status: number,
  type: string | null,
  message: string,
): WrittenResponse {
  const typed = type === null ? {} : { type }
  const error = { message }
  const rest = { is_bifrost_error: false, status_code: status, error, extra_fields: {} }
  return jsonResponse(status, { ...typed, ...rest })
}
