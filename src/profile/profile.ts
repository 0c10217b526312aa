// A profile from the first request to the document. Must not know how requests travel.

import {
  type LimiterAlgorithm,
  type LimitUnit,
  type NamedLimiter,
  windowUsOf,
} from '../core/limits.ts'
import {
  type Conclusion,
  type ProfiledLimiter,
  type ProfileWarning,
  profileSchema,
} from '../core/profileDocument.ts'
import { randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { longestBeginning } from './changed.ts'
import type { HypothesisClass } from './classes.ts'
import { profiled } from './conclude.ts'
import type { ProfileOptions, ProfileResult } from './contract.ts'
import { type Identification, type Identified, Identifier, unexplainedMost } from './identify.ts'
import { hasAnswer, hasPassed, isPlainDenial } from './judging.ts'
import { type Layer, LayerSearch } from './layers.ts'
import { type Known, learnMore } from './more.ts'
import type { Observation, ProbeRequest, Prober } from './observation.ts'
import { Ended, Session } from './session.ts'
import { identifyTogether } from './together.ts'
import { togetherModel } from './togetherModel.ts'
import { backgroundErrors, limitChanged, warningsOf } from './warnings.ts'
import { mismatches } from './worlds.ts'

/** Of a limiter that was not what it seemed. */
const unknown = { algorithm: 'unknown', equivalents: [], confidence: 0 } as const

/** What a profile has come to, in the making. */
interface Draft {
  conclusion: Conclusion
  endedBy: ProfileResult['endedBy']
  readonly reasons: string[]
  readonly limiters: ProfiledLimiter[]
  readonly models: NamedLimiter[]
  readonly warnings: ProfileWarning[]
}

/** Identifies the limiters behind a prober; never throws for what the target does. */
export async function profile(prober: Prober, options: ProfileOptions): Promise<ProfileResult> {
  const session = new Session(prober, options)
  const draft: Draft = {
    conclusion: 'undetermined',
    endedBy: 'concluded',
    reasons: [],
    limiters: [],
    models: [],
    warnings: [],
  }
  await new Profile(session, draft).run()
  return resultOf(session, draft)
}

function resultOf(session: Session, draft: Draft): ProfileResult {
  const { requests, elapsedUs } = session.spent
  const { conclusion, reasons, limiters, warnings, models, endedBy } = draft
  return {
    document: {
      schema: profileSchema,
      target: session.options.target,
      requests,
      durationMs: Math.round(elapsedUs / 1e3),
      seed: session.options.seed,
      conclusion,
      reasons,
      limiters,
      warnings,
    },
    limiters: models,
    observations: session.observations,
    endedBy,
  }
}

class Profile {
  readonly #session: Session
  readonly #draft: Draft
  readonly #request: ProbeRequest
  /** Observations before this one were made of a limiter that was not fresh. */
  #from = 0
  #identifier: Identifier | null = null

  constructor(session: Session, draft: Draft) {
    this.#session = session
    this.#draft = draft
    const { shapes, lanes } = session.prober
    this.#request = { shape: shapes[0]!.name, lane: lanes[0]!.name }
  }

  async run(): Promise<void> {
    try {
      const trouble = await this.#look()
      if (trouble === null) await this.#identify()
      else this.#undetermined(trouble, 'target')
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#ended(error.by)
    }
  }

  /** Whether the target answers at all, and as it does when nothing limits; else what is wrong. */
  async #look(): Promise<string | null> {
    for (let tries = 0; tries < lookTries; tries++) {
      const answer = await this.#session.send(this.#request)
      if (hasPassed(answer)) return null
      if (isPlainDenial(answer)) return this.#awaitRelief(answer)
      await this.#session.sleepUntil(this.#session.nowUs + lookPauseUs)
    }
    return troubleIn(this.#session.observations)
  }

  /** The limiter is exhausted before we begin: only a fresh one can be measured. */
  async #awaitRelief(first: Observation): Promise<string | null> {
    const sinceUs = this.#session.nowUs
    const mostUs = this.#session.options.budget.durationUsMax / 3
    let waitUs = first.retryAfterUs ?? 1e6
    for (;;) {
      if (this.#session.nowUs + waitUs - sinceUs > mostUs) {
        return 'every answer was a rejection (429) from the first request on: something else uses up this limit, or it admits nobody'
      }
      await this.#session.sleepUntil(this.#session.nowUs + waitUs)
      const answer = await this.#session.send(this.#request)
      if (hasPassed(answer)) break
      waitUs *= 1.5
    }
    const waitedUs = this.#session.nowUs - sinceUs
    await this.#session.sleepUntil(this.#session.nowUs + Math.min(3 * waitedUs, mostUs))
    this.#from = this.#session.observations.length
    return null
  }

  async #identify(): Promise<void> {
    const question = { request: this.#request, costOf: () => 1, from: this.#from }
    this.#identifier = new Identifier(this.#session, question)
    await this.#conclude(await this.#identifier.run())
  }

  /** Other limiters show when the first is kept busy, and when requests cost more of something else. */
  async #further(first: Layer): Promise<boolean> {
    const search = new LayerSearch(this.#session, this.#request, first.found, this.#from)
    try {
      await search.run()
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#draft.endedBy = error.by
      this.#draft.reasons.push(`${endedText[error.by]}: there may be more limiters`)
    }
    if (search.hasReplacedFirst) this.#forgetFirst()
    for (const layer of search.layers) this.#add(layer)
    this.#draft.reasons.push(...search.reasons)
    return search.layers.length > 0
  }

  /** What was taken for a limiter of requests is one of tokens. */
  #forgetFirst(): void {
    this.#draft.limiters.length = 0
    this.#draft.models.length = 0
    this.#draft.warnings.length = 0
  }

  async #conclude(identification: Identification): Promise<void> {
    switch (identification.kind) {
      case 'identified':
        await this.#identified(identification.found)
        return
      case 'unlimited':
        await this.#unlimited(identification.requests)
        return
      case 'undetermined':
        await this.#unexplained(identification)
        return
      case 'unreleased':
        this.#undetermined(unreleasedText(identification), 'duration')
        return
      case 'concurrent':
        await this.#together()
    }
  }

  /** No rejection; but what holds requests back shows all the same. */
  async #unlimited(requests: number): Promise<void> {
    if (this.#identifier?.isHeldBack) return this.#together()
    this.#draft.conclusion = 'none'
    this.#draft.reasons.push(`no rejection in ${requests} requests`)
  }

  /** What only shows when several requests are under way. */
  async #together(): Promise<void> {
    const widthMost = this.#session.options.inFlightMax ?? inFlightDefault
    const together = await identifyTogether(this.#session, this.#request, widthMost)
    if (together === null) {
      this.#undetermined('a few requests were rejected, and none like them again', 'concluded')
      return
    }
    const { limiter } = together
    this.#draft.limiters.push(limiter)
    const model = togetherModel(limiter)
    if (model !== null) this.#draft.models.push(model)
    this.#draft.conclusion = 'identified'
    if (!together.isForetold) {
      this.#draft.reasons.push('how many requests may be under way was not confirmed')
    }
  }

  /** A limiter that was identified, with what else there is to learn of it, and what is behind it. */
  async #identified(found: Identified): Promise<void> {
    this.#draft.conclusion = 'identified'
    const layer = this.#layerOf(found)
    this.#session.note(`identified: ${found.leader.fit.of.title}`)
    if (found.brokenUs !== null) return this.#broken(layer, found.brokenUs)
    const more = await learnMore(this.#session, this.#request, this.#knownOf(layer))
    this.#draft.reasons.push(...more.reasons)
    if (more.refutation === null) {
      this.#keep(more)
      const { searchesFurther = true } = this.#session.options
      if (searchesFurther && !(await this.#further(layer))) this.#doubt(more.limiter, found)
      return
    }
    await this.#refuted(layer, more)
  }

  // A search that was cut off has nothing to explain by what came since: the limiter has to.
  #doubt(limiter: ProfiledLimiter, { leader: { fit } }: Identified): void {
    if (this.#draft.endedBy === 'concluded') return
    const unexplained = mismatches(fit.of.model(fit.best), this.#identifier!.trace)
    if (unexplained <= unexplainedMost) return
    this.#forgetFirst()
    this.#draft.limiters.push({ ...limiter, ...unknown })
    const reason = `${fit.of.title} explained what came first, and leaves ${Math.round(unexplained)} answers open with what came since`
    this.#undetermined(reason, this.#draft.endedBy)
  }

  // Less than it is meant to let through may be a slower limiter's doing.
  async #refuted(layer: Layer, more: Known): Promise<void> {
    const before = this.#knownOf(layer)
    this.#keep(before)
    if (await this.#further(layer)) return
    this.#forgetFirst()
    this.#draft.limiters.push({ ...more.limiter, ...unknown })
    this.#undetermined(more.refutation!, 'concluded')
  }

  // What no model explains may be one limit first and then another.
  async #unexplained({ reason, found }: Extract<Identification, { kind: 'undetermined' }>) {
    const layer = found === null ? null : this.#layerOf(found)
    if (layer !== null && !layer.found.isExplained) {
      const after = await this.#identifyAgain(layer)
      const before = after === null ? null : this.#before(layer, after.of)
      if (after !== null && before !== null) {
        this.#keep(after.known)
        this.#draft.warnings.push(limitChanged(before.limiter, after.known.limiter, before.sinceS))
        this.#draft.conclusion = 'identified'
        return
      }
    }
    if (layer !== null) this.#add(layer)
    this.#undetermined(reason, 'concluded')
  }

  /** What the limiter was, if it was of this class, and for how many seconds. */
  #before(layer: Layer, of: HypothesisClass) {
    const { trace, observations } = layer
    const random = randomStream(this.#session.options.seed, 'before')
    const beginning = longestBeginning(of, trace, random)
    if (beginning === null) return null
    const { fit, groups } = beginning
    const until = trace[groups - 1]!.toUs
    const sinceS = Math.round((until - observations[0]!.sentUs) / 1e6)
    const leader = { fit, odds: 1 }
    const { limiter } = this.#knownOf({
      found: { ...layer.found, leader, rivals: [], isExplained: true },
      unit: 'requests',
      observations: observations.filter(({ sentUs }) => sentUs <= until),
      trace: trace.slice(0, groups),
    })
    return { limiter, sinceS }
  }

  // What it no longer explains is another limiter's doing, or its limit is not what it was.
  async #broken(layer: Layer, brokenUs: Micros): Promise<void> {
    this.#session.note('it no longer explains what comes: another limiter, or another limit')
    const before = this.#knownOf(layer)
    this.#keep(before)
    if (await this.#further(layer)) return
    const sinceS = Math.round((brokenUs - this.#session.observations[0]!.sentUs) / 1e6)
    const after = await this.#identifyAgain(layer)
    const changed = limitChanged(before.limiter, after?.known.limiter ?? null, sinceS)
    if (after !== null) {
      this.#forgetFirst()
      this.#keep(after.known)
    }
    this.#draft.warnings.push(changed)
    if (after === null) this.#undetermined(changed.message, this.#draft.endedBy)
  }

  /** The limiter as it is now, once it is fresh again. */
  async #identifyAgain({ found }: Layer) {
    const { of, best } = found.leader.fit
    const windowUs = windowUsOf(of.model(best).algorithm) ?? 0
    await this.#session.sleepUntil(this.#session.nowUs + 2 * windowUs)
    const from = this.#session.observations.length
    this.#identifier = new Identifier(this.#session, {
      request: this.#request,
      costOf: () => 1,
      from,
    })
    const identification = await this.#identifier.run()
    if (identification.kind !== 'identified' || identification.found.brokenUs !== null) return null
    const known = this.#knownOf(this.#layerOf(identification.found))
    return { of: identification.found.leader.fit.of, known }
  }

  #layerOf(found: Identified): Layer {
    const { observations, trace } = this.#identifier!
    return { found, unit: 'requests', observations, trace }
  }

  #add(layer: Layer): void {
    this.#keep(this.#knownOf(layer))
  }

  #keep({ limiter, model, warnings }: Known): void {
    this.#draft.limiters.push(limiter)
    this.#draft.models.push(model)
    this.#draft.warnings.push(...warnings)
    this.#session.found.push(`${limiter.id}: ${limiter.algorithm}`)
  }

  #knownOf({ found, unit, observations, trace }: Layer): Known {
    const status = observations.find(isPlainDenial)?.status ?? [...found.denials][0] ?? null
    const id = this.#idOf(unit)
    const limiter = profiled(found, { id, unit, observations, trace, status })
    const model = modelOf(limiter, found)
    const isFirst = this.#draft.limiters.length === 0
    const warnings = [
      ...(limiter.confidence > 0 ? warningsOf(limiter, model, observations) : []),
      ...(isFirst ? backgroundErrors(observations, found.denials) : []),
    ]
    return { limiter, model, warnings, reasons: [], refutation: null }
  }

  #idOf(unit: LimitUnit): string {
    const count = this.#draft.limiters.filter((limiter) => limiter.unit === unit).length
    return count === 0 ? unit : `${unit}-${count + 1}`
  }

  #ended(by: ProfileResult['endedBy']): void {
    const found = this.#identifier?.soFar() ?? null
    if (found !== null) this.#add(this.#layerOf(found))
    this.#undetermined(endedText[by], by)
    // What has been foretold, and explains everything, is known, if not as closely as it could be.
    if (found?.isForetold && found.isExplained) this.#draft.conclusion = 'identified'
  }

  #undetermined(reason: string, by: ProfileResult['endedBy']): void {
    this.#draft.conclusion = 'undetermined'
    this.#draft.endedBy = by
    this.#draft.reasons.push(reason)
  }
}

const inFlightDefault = 32
const lookTries = 3
const lookPauseUs = 500_000

const endedText: Readonly<Record<ProfileResult['endedBy'], string>> = {
  concluded: '',
  requests: 'the budget of requests was spent before one hypothesis was left',
  tokens: 'the budget of tokens was spent before one hypothesis was left',
  duration: 'the time was up before one hypothesis was left',
  aborted: 'it was interrupted',
  target: 'the target stopped answering',
}

function troubleIn(observations: readonly Observation[]): string {
  const { status, outcome } = observations.at(-1)!
  const count = observations.length
  if (!observations.some(hasAnswer)) {
    return outcome === 'timeout'
      ? `none of ${count} requests was answered in time`
      : `none of ${count} requests was answered: ${outcome === 'broken' ? 'the connection failed' : outcome}`
  }
  return `none of ${count} requests was served; the last answer was ${status ?? 'none'}`
}

function unreleasedText({ admitted, waitedUs }: { admitted: number; waitedUs: number }): string {
  return `${admitted} requests were admitted and none since, for ${Math.round(waitedUs / 1e6)} s: a budget or a window longer than that`
}

function modelOf(limiter: ProfiledLimiter, { leader }: Identified): NamedLimiter {
  const { of, best } = leader.fit
  const { algorithm, chargesRejected } = of.model(best)
  return {
    name: limiter.id,
    model: {
      algorithm: rounded(algorithm, limiter),
      unit: limiter.unit,
      charge: limiter.charge ?? 'pre',
      chargesRejected,
      scope: ['key'],
    },
  }
}

/** The model with the figures that the document has. */
function rounded(algorithm: LimiterAlgorithm, limiter: ProfiledLimiter): LimiterAlgorithm {
  const { limit, windowMs } = limiter
  if (!('windowUs' in algorithm) || limit === null || windowMs === null) return algorithm
  return { ...algorithm, limit, windowUs: Math.round(windowMs * 1e3) }
}
