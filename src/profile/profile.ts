// A profile from the first request to the document: which limiter is looked for, and what follows from
// what was found. Must not know how requests travel.

import { randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { keepingFractions, longestBeginning } from './changed.ts'
import type { HypothesisClass } from './classes.ts'
import { closedIn } from './closedIn.ts'
import {
  furtherDefault,
  inFlightDefault,
  type ProfileOptions,
  type ProfileResult,
} from './contract.ts'
import { withCosts } from './costFindings.ts'
import { Draft } from './draft.ts'
import { isHeldBack } from './exhaust.ts'
import { type Held, stillHolds } from './holds.ts'
import { explains, type Identification, type Identified, unreleased } from './identification.ts'
import { Identifier } from './identify.ts'
import { hasPassed, isPlainDenial, verdictsOf } from './judging.ts'
import { isAlike, type Known, knownOf, type Layer, layerAs, withinBudget } from './known.ts'
import { LayerSearch } from './layers.ts'
import { look } from './look.ts'
import { learnMore } from './more.ts'
import type { ProbeRequest, Prober } from './observation.ts'
import { withParallel } from './overAdmission.ts'
import { fitted } from './pieces.ts'
import { recoveryUs } from './posterior.ts'
import { Ended, Session } from './session.ts'
import { identifyTogether } from './together.ts'
import { togetherModel } from './togetherModel.ts'
import { traceOf } from './trace.ts'
import { limitChanged } from './warnings.ts'
import { endedText, unreleasedText } from './wording.ts'

/** Identifies the limiters behind a prober; never throws for what the target does. */
export async function profile(prober: Prober, options: ProfileOptions): Promise<ProfileResult> {
  const session = new Session(prober, options)
  const draft = new Draft()
  await new Profile(session, draft).run()
  return draft.resultOf(session)
}

/** What a limiter was found to be when it was looked at again. */
interface Again {
  readonly of: HypothesisClass
  readonly known: Known
  readonly layer: Layer
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
      const looked = await look(this.#session, this.#request)
      if (looked.trouble !== null) return this.#draft.undetermined(looked.trouble, 'target')
      this.#from = looked.from
      await this.#identify()
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#ended(error.by)
    }
  }

  async #identify(): Promise<void> {
    const question = { request: this.#request, costOf: () => 1, from: this.#from }
    this.#identifier = new Identifier(this.#session, question)
    await this.#conclude(await this.#identifier.run())
  }

  /** Other limiters show when the first is kept busy, and when requests cost more of something else. */
  async #further(first: Layer): Promise<LayerSearch> {
    const search = new LayerSearch(this.#session, this.#request, first.found, this.#from)
    const { furtherTimes = furtherDefault } = this.#session.options
    try {
      if (furtherTimes > 0) await search.run(furtherTimes)
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#draft.endedBy = error.by
      this.#draft.reasons.push(`${endedText[error.by]}: there may be more limiters`)
    }
    // What was taken for a limiter of requests is one of tokens.
    if (search.hasReplacedFirst) this.#draft.forget()
    for (const layer of search.layers) {
      const known = this.#knownOf(layer)
      const question = { layer, others: search.others(layer), request: this.#request }
      const more = await withinBudget(known, () => withCosts(this.#session, known, question))
      this.#draft.reasons.push(...more.reasons)
      this.#keep(more)
    }
    this.#draft.reasons.push(...search.reasons)
    if (search.hasFound && !search.hasReplacedFirst) this.#closeIn(first, search)
    return search
  }

  #closeIn(first: Layer, { behind }: LayerSearch): void {
    const observations = this.#session.observations.slice(this.#from)
    const random = randomStream(this.#session.options.seed, 'close in')
    const closer = closedIn(first, { observations, others: behind, random })
    if (closer !== null) this.#draft.closeIn(knownOf(closer, []))
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
        this.#draft.undetermined(unreleasedText(identification), 'duration')
        return
      case 'concurrent':
        await this.#together()
    }
  }

  /** No rejection; but what holds requests back shows all the same. */
  async #unlimited(requests: number): Promise<void> {
    if (isHeldBack(this.#identifier!.observations)) return this.#together()
    this.#draft.conclusion = 'none'
    this.#draft.reasons.push(`no rejection in ${requests} requests`)
  }

  /** What only shows when several requests are under way. */
  async #together(): Promise<void> {
    const widthMost = this.#session.options.inFlightMax ?? inFlightDefault
    const together = await identifyTogether(this.#session, this.#request, widthMost)
    if (together === null) {
      this.#draft.undetermined(
        'a few requests were rejected, and none like them again',
        'concluded',
      )
      return
    }
    // What ends here takes nothing of what was found.
    const limiter = await this.#orEnded(together.timed, together.limiter)
    this.#draft.limiters.push(limiter)
    const model = togetherModel(limiter)
    if (model !== null) this.#draft.models.push(model)
    this.#draft.conclusion = 'identified'
    if (!together.isForetold) {
      this.#draft.reasons.push('how many requests may be under way was not confirmed')
    }
    const { endedBy } = this.#draft
    if (endedBy !== 'concluded') {
      this.#draft.reasons.push(
        `${endedText[endedBy]}: how fast it drains is known from a few waves only`,
      )
    }
  }

  /** A limiter that was identified, with what else there is to learn of it, and what is behind it. */
  async #identified(found: Identified): Promise<void> {
    this.#draft.conclusion = 'identified'
    let layer = this.#layerOf(found)
    this.#session.note(`identified: ${found.leader.fit.of.title}`)
    if (found.brokenUs !== null) return this.#broken(layer, found.brokenUs)
    const reconsidered = () => {
      const another = this.#keepingFractions(found)
      layer = another ?? layer
      return another && this.#knownOf(another)
    }
    const learning = { known: this.#knownOf(layer), reconsidered }
    const more = await learnMore(this.#session, this.#request, learning)
    this.#draft.reasons.push(...more.reasons)
    if (more.refutation === null) {
      this.#keep(more)
      return this.#beyond(layerAs(layer, more), more)
    }
    await this.#refuted(layer, more)
  }

  /** The limiter as one that keeps its fractions, if it explains all until nothing passed any more. */
  #keepingFractions(found: Identified): Layer | null {
    const all = this.#session.observations.slice(this.#from)
    const observations = all.slice(0, all.findLastIndex(hasPassed) + 1)
    const trace = traceOf(observations, verdictsOf(observations, found.denials), () => 1)
    const random = randomStream(this.#session.options.seed, 'fractions')
    const kept = keepingFractions(found, trace, random)
    return kept === null ? null : { found: kept, unit: 'requests', observations, trace }
  }

  /** Other limiters; or what was met is a limit that is not what it was. */
  async #beyond(layer: Layer, known: Known): Promise<void> {
    const search = await this.#further(layer)
    if (search.hasFound) return
    if (search.isFirstGone || search.reasons.length > 0) {
      const sinceUs = search.openSinceUs ?? this.#session.nowUs
      await this.#changed(layer, { sinceUs, isCertain: search.isFirstGone })
      return
    }
    this.#doubt(layer)
    // Last, because what is looked for behind it is told by what is known to have passed.
    if (this.#draft.endedBy === 'concluded') await this.#alone(known, layer)
  }

  /** A limiter with none beside it: what it lets through when requests come at once is its own doing. */
  async #alone(known: Known, layer: Layer): Promise<void> {
    const more = await this.#inParallel({ known, layer })
    this.#draft.replace(known, more)
  }

  #inParallel(of: Pick<Again, 'known' | 'layer'>): Promise<Known> {
    return withinBudget(of.known, () => withParallel(this.#session, this.#request, of))
  }

  // A search that was cut off has nothing to explain by what came since: the limiter has to, with
  // parameters that may have been closed in less when it was identified.
  #doubt({ found }: Layer): void {
    if (this.#draft.endedBy === 'concluded') return
    const unexplained = this.#unexplainedBy(found)
    if (explains(unexplained, this.#session.observations.length - this.#from)) return
    this.#draft.keepUnknown(this.#draft.limiters[0]!)
    const reason = `${found.leader.fit.of.title} explained what came first, and leaves ${Math.round(unexplained)} answers open with what came since`
    this.#draft.undetermined(reason, this.#draft.endedBy)
  }

  // Less than it is meant to let through may be a slower limiter's doing.
  async #refuted(layer: Layer, more: Known): Promise<void> {
    const before = this.#knownOf(layer)
    this.#keep(before)
    if ((await this.#further(layer)).hasFound) return
    this.#draft.keepUnknown(more.limiter)
    this.#draft.undetermined(more.refutation!, 'concluded')
  }

  // What no model explains may let more through when requests come at once, which waves of them deceived
  // about; or it is one limit first and then another.
  async #unexplained({ reason, found }: Extract<Identification, { kind: 'undetermined' }>) {
    const layer = found === null ? null : this.#layerOf(found)
    if (layer !== null && !layer.found.isExplained) {
      if (await this.#isToldByOverload(layer)) return
      const after = await this.#identifyAgain(layer)
      if (after !== null && (await this.#isExplainedBy(after, layer))) return
    }
    if (layer !== null) this.#keepNearest(layer)
    this.#draft.undetermined(reason, 'concluded')
  }

  // Of what is refilled while answers travel, instants say little; what it gives under overload may tell.
  async #isToldByOverload(layer: Layer): Promise<boolean> {
    const learning = { known: this.#knownOf(layer), reconsidered: () => null }
    const more = await learnMore(this.#session, this.#request, learning)
    if (more.limiter.confidence === 0) return false
    this.#keep(more)
    this.#draft.reasons.push(...more.reasons)
    this.#draft.conclusion = 'identified'
    return true
  }

  async #isExplainedBy(after: Again, layer: Layer): Promise<boolean> {
    const known = await this.#inParallel(after)
    const isDeceived = (known.limiter.overAdmission ?? 0) > 0
    const before = isDeceived ? null : this.#before(layer, after.of)
    if (!isDeceived && before === null) return false
    this.#keep(known)
    if (before !== null) {
      this.#draft.warnings.push(limitChanged(before.limiter, known.limiter, before.sinceS))
    }
    this.#draft.reasons.push(...known.reasons)
    this.#draft.conclusion = 'identified'
    return true
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
    this.#keep(this.#knownOf(layer))
    if ((await this.#further(layer)).hasFound) return
    // A standstill, ours or the target's, may have broken it, and is over: then it is found again.
    await this.#changed(layer, { sinceUs: brokenUs, isCertain: true })
  }

  // What was seen before a change is not what there is now. Where it is not certain that it changed, it did
  // if it is another one when it is looked at again.
  async #changed(
    layer: Layer,
    { sinceUs, isCertain }: { readonly sinceUs: Micros; readonly isCertain: boolean },
  ): Promise<void> {
    const before = knownOf(layer, [])
    const after = await this.#lookAgain(layer)
    if (after === null && !isCertain) return this.#doubt(layer)
    if (after !== null && isAlike(before.limiter, after.known.limiter)) return
    const sinceS = Math.round((sinceUs - this.#session.observations[0]!.sentUs) / 1e6)
    this.#draft.forget()
    this.#draft.reasons.length = 0
    const now = after && this.#knownOf(after.layer)
    const changed = limitChanged(before.limiter, now?.limiter ?? null, sinceS)
    if (now === null) {
      this.#draft.keepUnknown(before.limiter)
      this.#draft.undetermined(changed.message, this.#draft.endedBy)
    } else this.#keep(now)
    // What explains all from the beginning was not recognised before, and has not changed.
    if (after === null || !this.#explainsAll(after.layer)) this.#draft.warnings.push(changed)
  }

  #explainsAll({ found }: Layer): boolean {
    const unexplained = this.#unexplainedBy(found)
    return explains(unexplained, this.#session.observations.length - this.#from)
  }

  /** Answers since the beginning that it leaves open, with parameters that may have to be closed in. */
  #unexplainedBy({ leader: { fit }, denials }: Identified): number {
    const observations = this.#session.observations.slice(this.#from)
    const trace = traceOf(observations, verdictsOf(observations, denials), () => 1)
    const random = randomStream(this.#session.options.seed, 'doubt')
    return fitted(fit.of, { trace, random }, fit)?.mismatches ?? 0
  }

  #lookAgain(layer: Layer): Promise<Again | null> {
    return this.#orEnded(() => this.#identifyAgain(layer), null)
  }

  /** What came of it, or, where the budget ended it, something else. */
  async #orEnded<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Ended)) throw error
      this.#draft.endedBy = error.by
      return otherwise
    }
  }

  /** The limiter as it is now, once it is fresh again. */
  async #identifyAgain({ found }: Layer): Promise<Again | null> {
    const us = 2 * recoveryUs(found.leader.fit)
    await this.#session.sleepUntil(this.#session.nowUs + us)
    const from = this.#session.observations.length
    this.#identifier = new Identifier(this.#session, {
      request: this.#request,
      costOf: () => 1,
      from,
      // Whatever the waves of the first time showed, one after the other shows the limiter itself.
      widthMost: 1,
    })
    const identification = await this.#identifier.run()
    if (identification.kind !== 'identified' || identification.found.brokenUs !== null) return null
    // What changed once may go on changing: then nothing is known of it.
    const { found: now } = identification
    if (!(await stillHolds(this.#session, this.#request, heldAlone(now)))) return null
    const layer = this.#layerOf(now)
    return { of: now.leader.fit.of, known: this.#knownOf(layer), layer }
  }

  #layerOf(found: Identified): Layer {
    const { observations, trace } = this.#identifier!
    return { found, unit: 'requests', observations, trace }
  }

  /** The nearest that there is: what has not foretold anything gives no reason to warn of anything. */
  #keepNearest(layer: Layer): void {
    const known = this.#knownOf(layer)
    this.#keep(isKnown(layer.found) ? known : { ...known, warnings: [] })
  }

  #keep(known: Known): void {
    this.#draft.keep(known)
    this.#session.found.push(`${known.limiter.id}: ${known.limiter.algorithm}`)
  }

  #knownOf(layer: Layer): Known {
    return knownOf(layer, this.#draft.limiters)
  }

  #ended(by: ProfileResult['endedBy']): void {
    const found = this.#identifier?.soFar() ?? null
    if (found !== null) this.#keepNearest(this.#layerOf(found))
    const isOpen = found !== null && !isKnown(found)
    const reason = `${endedText[by]}${isOpen ? ' before one hypothesis was left' : ''}`
    this.#draft.undetermined(reason, by)
    if (found === null) this.#draft.reasons.push(...this.#usedUp())
    if (found !== null && isKnown(found)) this.#draft.conclusion = 'identified'
  }

  /** What there is to say of a limiter that has given nothing back yet. */
  #usedUp(): readonly string[] {
    const observations = this.#identifier?.observations ?? []
    if (!observations.some(isPlainDenial)) return []
    return [unreleasedText(unreleased(observations, this.#session.nowUs))]
  }
}

/** What has been foretold, and explains everything, is known, if not as closely as it could be. */
function isKnown({ isForetold, isExplained }: Identified): boolean {
  return isForetold && isExplained
}

function heldAlone({ leader: { fit }, denials }: Identified): Held {
  const of = { hypothesis: fit.of.model(fit.best), costOf: () => 1 }
  return { of, orElse: fit.sample.map(fit.of.model), denials, others: [] }
}
