// From method and path to a route of the system. Must not know what routes do.

import type { GatewayRequest, Reply } from './exchange.ts'
import type { Call, Method, Route, System } from './system.ts'

interface Pattern {
  readonly parts: readonly string[]
  readonly byMethod: Map<string, Route>
}

export class Router {
  readonly #system: System
  readonly #exact = new Map<string, Pattern>()
  readonly #patterns: Pattern[] = []

  constructor(system: System) {
    this.#system = system
    for (const route of system.routes) this.#add(route)
  }

  handle(request: GatewayRequest, reply: Reply): void {
    const path = request.path.split('?', 1)[0]!
    const exact = this.#exact.get(path)
    if (exact !== undefined) return this.#call(exact, { request, reply, path, params: {} })
    for (const pattern of this.#patterns) {
      const params = paramsOf(pattern.parts, path)
      if (params !== null) return this.#call(pattern, { request, reply, path, params })
    }
    this.#run({ request, reply, path, params: {} }, (call) => this.#system.unknown(call, []))
  }

  #call({ byMethod }: Pattern, call: Call): void {
    const route = byMethod.get(call.request.method)
    if (route !== undefined) return this.#run(call, (entered) => route.handle(entered))
    const allowed = [...byMethod.keys()] as Method[]
    this.#run(call, (entered) => this.#system.unknown(entered, allowed))
  }

  #run(call: Call, handle: (call: Call) => void): void {
    if (this.#system.enter === undefined) return handle(call)
    this.#system.enter(call, () => handle(call))
  }

  #add(route: Route): void {
    const pattern = this.#patternOf(route.path)
    pattern.byMethod.set(route.method, route)
  }

  #patternOf(path: string): Pattern {
    const parts = path.split('/')
    const known = this.#exact.get(path) ?? this.#patterns.find((p) => p.parts.join('/') === path)
    if (known !== undefined) return known
    const pattern = { parts, byMethod: new Map() }
    if (path.includes(':')) this.#patterns.push(pattern)
    else this.#exact.set(path, pattern)
    return pattern
  }
}

/** The named parts of a path that fits; null where it does not. */
function paramsOf(parts: readonly string[], path: string): Record<string, string> | null {
  const found = path.split('/')
  if (found.length !== parts.length) return null
  const params: Record<string, string> = {}
  for (const [i, part] of parts.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decoded(found[i]!)
    else if (part !== found[i]) return null
  }
  return params
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
