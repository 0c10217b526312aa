// The embedded gateway without its sockets: one request in, one reply out, on any clock. Plays the
// system that its spec names, and gives it limiters, a model and a decision log.

import type { Clock } from '../core/clock.ts'
import type { NamedLimiter } from '../core/limits.ts'
import { type RandomStream, randomStream, uniformAt } from '../core/random.ts'
import { dialectNamed } from '../dialects/table.ts'
import { type Admission, type ChainOptions, LimiterChain } from '../limiters/chain.ts'
import { brokenLimiters, brokenManner } from './breaks.ts'
import { DecisionLog } from './decisionLog.ts'
import type { Errand } from './errand.ts'
import type { GatewayRequest, Reply } from './exchange.ts'
import { ServiceLine, type ServiceTimesOf, serviceTimes } from './latency.ts'
import { type Manner, openaiManner } from './manner.ts'
import { GatewayMetrics } from './metrics.ts'
import { type Household, Passage } from './passage.ts'
import { Router } from './router.ts'
import { type Fault, type FaultKind, type GatewaySpec, limitersOf } from './spec.ts'
import type { Call, House } from './system.ts'
import { systems } from './systems/table.ts'

/** From reading a racy counter to writing it: a query and a commit. */
const commitUs = 5_000

/** An embedded gateway on a clock whose µs are Unix time (or virtual). */
export class GatewayService implements House, Household {
  readonly spec: GatewaySpec
  readonly clock: Clock
  readonly decisions: DecisionLog
  readonly metrics: GatewayMetrics
  readonly manner: Manner
  readonly #router: Router
  readonly #chains = new Map<string, LimiterChain>()
  readonly #waiting = new Map<Admission, () => void>()
  readonly #times: ServiceTimesOf
  readonly #line: ServiceLine | null
  readonly #faultStream: RandomStream
  #served = 0
  #inFlight = 0

  constructor(spec: GatewaySpec, clock: Clock) {
    this.spec = spec
    this.clock = clock
    this.#times = serviceTimes(spec.latency, spec.seed)
    const { servers } = spec.latency
    this.#line = servers === undefined ? null : new ServiceLine(servers)
    this.#faultStream = randomStream(spec.seed, 'faults')
    this.decisions = new DecisionLog(spec.decisionsMax)
    this.metrics = new GatewayMetrics(() => this.#inFlight)
    this.manner = openaiManner(dialectNamed(spec.dialect))
    this.#router = new Router(systems[spec.system.name](this))
  }

  handle(request: GatewayRequest, reply: Reply): void {
    this.#router.handle(request, reply)
  }

  // What follows is for the system.

  send({ request, reply }: Call, errand: Errand): void {
    const manner = brokenManner(errand.manner, this.spec.breaks)
    new Passage(this, request, reply, { ...errand, manner }).enter()
  }

  chain(limiters: readonly NamedLimiter[], options: ChainOptions = {}): LimiterChain {
    const { breaks, racyLimiters } = this.spec
    const broken = brokenLimiters(limiters, breaks)
    const racy = breaks.includes('quota-non-atomic') ? broken.map(({ name }) => name) : racyLimiters
    const at = (us: number, write: () => void) => this.clock.at(us, write)
    const race = racy.length === 0 ? undefined : { limiters: racy, commitUs, at }
    return new LimiterChain(broken, { ...options, race })
  }

  chainOf(tier: string): LimiterChain {
    let chain = this.#chains.get(tier)
    if (chain === undefined) {
      chain = this.chain(limitersOf(this.spec, tier))
      this.#chains.set(tier, chain)
    }
    return chain
  }

  // What follows is for the passages of requests through this gateway.

  waitFor(admission: Admission, goOn: () => void): void {
    this.#waiting.set(admission, goOn)
  }

  wake(admissions: readonly Admission[]): void {
    for (const admission of admissions) {
      const goOn = this.#waiting.get(admission)
      this.#waiting.delete(admission)
      goOn?.()
    }
  }

  forget(admission: Admission): boolean {
    return this.#waiting.delete(admission)
  }

  begin(outputTokens: number): { i: number; ttftUs: number; itlUs: number } {
    const i = this.#served++
    const { ttftUs, itlUs } = this.#times(i, this.#inFlight++)
    const serviceUs = ttftUs + itlUs * Math.max(0, outputTokens - 1)
    const waitUs = this.#line?.waitUs(this.clock.nowUs(), serviceUs) ?? 0
    return { i, ttftUs: waitUs + ttftUs, itlUs }
  }

  finished(): void {
    this.#inFlight--
  }

  faultOf(request: GatewayRequest, i: number): Fault | null {
    const asked = request.headers['x-limitscope-fault']
    if (asked !== undefined) return askedFault(asked)
    if (this.spec.faults.length === 0) return null
    let point = uniformAt(this.#faultStream, i)
    for (const fault of this.spec.faults) {
      point -= fault.share
      if (point < 0) return fault
    }
    return null
  }
}

/** 'status=503' or 'hang', as sent in `x-limitscope-fault`. */
function askedFault(text: string): Fault {
  const [kind, status] = text.split('=', 2)
  return { kind: kind as FaultKind, share: 1, status: Number(status ?? 500) }
}
