// One step under way: its request with the variables of the scenario filled in, its answer, what the
// checks say of it, and what is kept of it.

import type { CheckResult } from '../core/check.ts'
import { sleepUntil } from '../core/clock.ts'
import { formatSpan } from '../core/format.ts'
import type { Exchange, RequestTemplate, Sending } from '../drivers/driver.ts'
import {
  filled,
  filledBody,
  filledData,
  type Step,
  type StepCheck,
  type Test,
  variablesIn,
} from '../load/steps.ts'
import { filledTest, foundText, holds, testText } from '../load/stepTests.ts'
import { Answer } from './answer.ts'
import { type RunContext, strayText } from './context.ts'
import { curlText } from './curl.ts'

/** What became of a step. */
export interface StepEnd {
  readonly step: Step
  readonly checks: readonly CheckResult[]
  /** All checks hold, and everything that was to be kept was there. */
  readonly isGood: boolean
  /** One line for people. */
  readonly text: string
}

/** A status below 400, for steps that say nothing else. */
const expectsSuccess: StepCheck = {
  place: { kind: 'status' },
  tests: [{ is: 'below', value: 400 }],
  actual: null,
}

export class StepRun {
  readonly #context: RunContext
  readonly #step: Step
  #sending: Sending | null = null
  readonly #redact = (text: string) => this.#context.memory.redact(text)
  #isAborted = false

  constructor(context: RunContext, step: Step) {
    this.#context = context
    this.#step = step
  }

  /** Drops what is in flight. */
  abort(): void {
    this.#isAborted = true
    this.#sending?.abort()
  }

  /** Resolves when it is done; `signal` ends the asking again, not the exchange under way. */
  async run(signal?: AbortSignal): Promise<StepEnd> {
    const { clock } = this.#context
    const { eventually } = this.#step
    const untilUs = clock.nowUs() + (eventually?.withinUs ?? 0)
    const startUs = clock.nowUs()
    for (let tries = 1; ; tries++) {
      await this.#isolate(signal)
      const end = await this.#once()
      const nextUs = clock.nowUs() + (eventually?.everyUs ?? 0)
      const isOver = this.#isAborted || signal?.aborted === true
      if (end.isGood || eventually === null || nextUs > untilUs || isOver) {
        return tries === 1 ? end : withTries(end, tries, clock.nowUs() - startUs)
      }
      await sleepUntil(clock, nextUs, signal)
    }
  }

  async #once(): Promise<StepEnd> {
    const missing = this.#missing()
    if (missing.length > 0) {
      const names = missing.map((name) => `{{${name}}}`).join(', ')
      return this.#notDone(`needs ${names}, which no step before it has captured`)
    }
    if (this.#context.sendable === 0) return this.#notDone('a cap of the run was reached')
    const path = filled(this.#step.path, this.#context.memory.variables)
    const address = this.#context.addressOf(path)
    if (address === null) {
      return this.#notDone(strayText(this.#redact(path)))
    }
    const template = this.#template(address.path)
    const end = this.#judged(await this.#send(address.origin, template))
    if (end.isGood) return end
    const request = curlText(template, address.origin + address.path, this.#redact)
    return { ...end, checks: end.checks.map((check) => withRequest(check, request)) }
  }

  async #isolate(signal?: AbortSignal): Promise<void> {
    const { lane, isolate } = this.#step
    const untilUs = isolate === 'window' && lane !== null ? this.#context.cleanAtUs([lane]) : null
    if (untilUs !== null) await sleepUntil(this.#context.clock, untilUs, signal)
  }

  /** Variables that its request needs and nobody has. */
  #missing(): string[] {
    const { path, headers, body, lane } = this.#step
    const known = this.#context.memory.variables
    const missing = variablesIn({ path, headers, body }).filter((name) => !known.has(name))
    const ofLane = lane === null ? null : this.#context.missingOf(lane)
    return ofLane === null ? missing : [...missing, ofLane]
  }

  #template(path: string): RequestTemplate {
    const { method, headers, body, lane } = this.#step
    const { variables } = this.#context.memory
    return {
      method,
      path,
      headers: lowerCase({
        'user-agent': this.#context.userAgent,
        ...filledData(headers, variables),
        ...(lane === null ? {} : this.#context.headersOf(lane)),
      }),
      idPrefix: `${this.#context.plan.runId}-step-`,
      body: { head: body === null ? '' : filledBody(body, variables), variable: null, tail: '' },
    }
  }

  #send(origin: string, template: RequestTemplate): Promise<Answer> {
    const driver = this.#context.stepDriverTo(origin)
    const { lane, cost, timeoutUs } = this.#step
    const attributor = this.#context.stepAttributor(cost === null ? null : lane)
    const spent = cost ?? { promptTokens: 0, completionTokens: 0, usd: 0 }
    const entry = attributor.sent(spent, this.#context.clock)
    this.#context.countSent()
    return new Promise((resolve) => {
      const caller = {
        ended: (exchange: Exchange) => {
          this.#sending = null
          // Answers to requests on its lane that came before have to be counted before.
          this.#context.turn.land()
          resolve(new Answer(exchange, attributor.ended(spent, entry, exchange)))
        },
      }
      this.#sending = driver.send(template, this.#context.nextStep(), timeoutUs, caller)
    })
  }

  #judged(answer: Answer): StepEnd {
    const { checks, captures, name } = this.#step
    // First of all what is to be kept: what of it is secret must be known before anything is told.
    const lost = captures.filter(({ name: variable, place, isSecret }) => {
      const at = filledData(place, this.#context.memory.variables)
      return !this.#context.keep(variable, answer.at(at), isSecret)
    })
    const results = (checks.length === 0 ? [expectsSuccess] : checks).map((check) =>
      this.#check(check, answer),
    )
    const all = toldOnce([
      ...this.#cutOff(results, answer),
      ...lost.map((capture) => this.#lost(capture, answer)),
    ])
    const isGood = all.every(({ verdict }) => verdict === 'passed' || verdict === 'known')
    const status = answer.failure ?? `status ${answer.status}`
    const text = `${name}: ${status} in ${formatSpan(answer.serviceUs)}`
    return { step: this.#step, checks: all, isGood, text }
  }

  #check(check: StepCheck, answer: Answer): Judged {
    const { place, tests, actual } = check
    const { variables } = this.#context.memory
    const at = filledData(place, variables)
    const value = answer.at(at)
    const passes = (wanted: readonly Test[]) =>
      wanted.every((test) => holds(filledTest(test, at, variables), value))
    const statement = statementOf(this.#step, check)
    const found = foundText(at, value, this.#redact)
    if (passes(tests)) return { statement, verdict: 'passed', actual: found, reason: '', why: '' }
    if (actual !== null && passes(actual.tests)) {
      return { statement, verdict: 'known', actual: found, reason: actual.note, why: '' }
    }
    const oddity = answer.oddity(at, this.#redact)
    const isUnread = answer.failure !== null || value === undefined || place.kind === 'status'
    const why = isUnread ? oddity : ''
    const said = oddity === '' ? found : `${found} (${oddity})`
    const reason = this.#step.remedy
    return { statement, verdict: 'failed', actual: why === '' ? said : why, reason, why }
  }

  /** An answer that was cut off may have everything that is looked at; it is not good all the same. */
  #cutOff(results: readonly Judged[], { failure }: Answer): Judged[] {
    const isTold = failure === null || results.some(({ verdict }) => verdict === 'failed')
    if (isTold) return [...results]
    const last = results.at(-1)!
    const reason = this.#step.remedy
    return [...results.slice(0, -1), { ...last, verdict: 'failed', actual: failure, reason }]
  }

  /** What was to be kept, and was not there. */
  #lost({ name, place }: Step['captures'][number], answer: Answer): Judged {
    const actual = answer.oddity(place, this.#redact) || 'nothing there'
    const statement = `${this.#step.name}: gives ${name}`
    return { statement, verdict: 'failed', actual, reason: this.#step.remedy, why: anything }
  }

  #notDone(reason: string): StepEnd {
    const checks = openChecks(this.#step, reason)
    return { step: this.#step, checks, isGood: false, text: `${this.#step.name}: ${reason}` }
  }
}

function withRequest(check: CheckResult, request: string): CheckResult {
  return check.verdict === 'failed' ? { ...check, request } : check
}

/** A result; and why nothing could be read where it looked, '' where something was. */
interface Judged extends CheckResult {
  readonly why: string
}

/** Whatever failed before is why. */
const anything = '*'

/** Why a check is open whose answer has failed another one already. */
const sameAnswer = 'the same answer'

/** An answer that cannot be read fails the first check that looks at it; the others are open. */
function toldOnce(results: readonly Judged[]): CheckResult[] {
  return results.map(({ why, ...result }, i) => {
    const failed = results.slice(0, i).filter(({ verdict }) => verdict === 'failed')
    const isAgain = why === anything ? failed.length > 0 : failed.some((one) => one.why === why)
    if (result.verdict !== 'failed' || why === '' || !isAgain) return result
    return { ...result, verdict: 'inconclusive', actual: '', reason: sameAnswer }
  })
}

/** All checks of a step as open. */
export function openChecks(step: Step, reason: string): CheckResult[] {
  return (step.checks.length === 0 ? [expectsSuccess] : step.checks).map((check) => ({
    statement: statementOf(step, check),
    verdict: 'inconclusive',
    actual: '',
    reason,
  }))
}

/** What a step says of its answer, as results have it. */
export function statementsOf(step: Step): string[] {
  return openChecks(step, '').map(({ statement }) => statement)
}

/** 'mint: status == 201' */
function statementOf({ name }: Step, { place, tests }: StepCheck): string {
  return `${name}: ${tests.map((test) => testText(place, test)).join(' and ')}`
}

function withTries(end: StepEnd, tries: number, us: number): StepEnd {
  const how = `after ${tries} tries in ${formatSpan(us)}`
  const checks = end.checks.map((check) =>
    check.verdict === 'inconclusive' ? check : { ...check, actual: `${check.actual} ${how}` },
  )
  return { ...end, checks, text: `${end.text}, ${how}` }
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
