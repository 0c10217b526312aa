// For tests: the embedded gateway on a virtual clock, asked like a server.

import { VirtualClock } from '../core/clock.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { GatewayService } from '../gateway/service.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
  readonly json: any
  /** From the request to the last byte. */
  readonly tookUs: number
  /** Whether the connection was cut before the end. */
  readonly isBroken: boolean
}

export interface Question {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export class Embedded {
  readonly clock = new VirtualClock(1_800_000_000e6)
  readonly service: GatewayService

  constructor(preset: string, overrides: Readonly<Record<string, unknown>> = {}) {
    this.service = new GatewayService(gatewaySpec(preset, overrides), this.clock)
  }

  /** Asks and waits for the answer. */
  ask(method: string, path: string, question: Question = {}): Promise<Answer> {
    return this.clock.run(this.send(method, path, question))
  }

  /** Asks `count` times at the same instant. */
  askAtOnce(count: number, ask: (i: number) => Promise<Answer>): Promise<Answer[]> {
    return this.clock.run(Promise.all(Array.from({ length: count }, (_, i) => ask(i))))
  }

  /** Lets time pass. */
  wait(us: number): void {
    this.clock.advanceTo(this.clock.nowUs() + us)
  }

  /** The limiters that denied, in order; null for requests let in. */
  get decided(): (string | null)[] {
    return this.service.decisions.all().map(({ limiter }) => limiter)
  }

  send(method: string, path: string, { headers = {}, body }: Question = {}): Promise<Answer> {
    const startUs = this.clock.nowUs()
    const sent = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    return new Promise((resolve) => {
      let status = 0
      let answered: Answer['headers'] = {}
      let text = ''
      const finish = (isBroken: boolean) => {
        const json = /^\s*[[{]/.test(text) && !isBroken ? JSON.parse(text) : undefined
        const tookUs = this.clock.nowUs() - startUs
        resolve({ status, headers: answered, text, json, tookUs, isBroken })
      }
      this.service.handle(
        {
          method,
          path,
          headers: { host: 'gateway.test', ...headers },
          body: sent,
          address: 'test',
        },
        {
          head(code, fields) {
            status = code
            answered = fields
          },
          write(more) {
            text += more
          },
          end(more = '') {
            text += more
            finish(false)
          },
          destroy: () => finish(true),
          garbage: () => finish(true),
          onGone() {},
        },
      )
    })
  }
}

/** A chat request of `promptTokens` prompt tokens. */
export function chat(promptTokens: number, maxTokens: number, more: object = {}) {
  const content = Array.from({ length: promptTokens }, () => 'with').join(' ')
  const messages = [{ role: 'user', content }]
  return { model: 'm', messages, max_tokens: maxTokens, temperature: 0, ...more }
}

/** The data of a stream's events, parsed but for [DONE]. */
export function eventsOf({ text }: Answer) {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => (line === 'data: [DONE]' ? 'DONE' : JSON.parse(line.slice(6))))
}
