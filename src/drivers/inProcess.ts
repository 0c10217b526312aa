// The in-process driver: requests go to a handler in this process, on any clock, without a socket.

import type { Clock } from '../core/clock.ts'
import { type Driver, type ResponseCaps, renderRequest, responseCaps } from './driver.ts'
import { timeoutMessage } from './failures.ts'
import { ExchangeRecorder } from './recorder.ts'

/** What the driver needs a server to look like; the embedded gateway is one. */
export interface InProcessServer {
  handle(request: InProcessRequest, reply: InProcessReply): void
}

interface InProcessRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly address: string
}

interface InProcessReply {
  head(status: number, headers: Readonly<Record<string, string | readonly string[]>>): void
  write(text: string): void
  end(text?: string): void
  destroy(): void
  garbage(bytes: string): void
  onGone(run: () => void): void
}

interface InProcessOptions {
  /** How long each way takes; default 0. */
  readonly travelUs?: number | undefined
  readonly caps?: ResponseCaps
}

/** Sends to `server`. */
export function inProcessDriver(
  server: InProcessServer,
  clock: Clock,
  { travelUs = 0, caps = responseCaps }: InProcessOptions = {},
): Driver {
  return {
    send(template, seq, timeoutUs, caller) {
      let gone = () => {}
      const request = { ...renderRequest(template, seq), address: 'in-process' }
      const recorder = new ExchangeRecorder(clock, caps, {
        ended(exchange) {
          cancelDeadline()
          caller.ended(exchange)
        },
      })
      const travel = (run: () => void) => {
        clock.at(clock.nowUs() + travelUs, () => {
          if (!recorder.isOver) run()
        })
      }
      const giveUp = (kind: 'timeout' | 'aborted', message: string) => {
        if (recorder.isOver) return
        recorder.fail(kind, message)
        gone()
      }
      const cancelDeadline = clock.at(clock.nowUs() + timeoutUs, () => {
        giveUp('timeout', timeoutMessage(timeoutUs))
      })
      const write = (text: string) => {
        if (text !== '') travel(() => void recorder.data(Buffer.from(text)))
      }
      const reply: InProcessReply = {
        head: (status, sent) => travel(() => recorder.head(status, joined(sent))),
        write,
        end(text = '') {
          write(text)
          travel(() => recorder.end())
        },
        destroy: () => travel(() => recorder.fail('broken', 'closed by the server')),
        garbage: () => travel(() => recorder.fail('broken', 'the answer is no HTTP')),
        onGone(run) {
          gone = run
        },
      }
      recorder.sent()
      travel(() => server.handle(request, reply))
      return { abort: () => giveUp('aborted', 'aborted') }
    },
    close: async () => {},
  }
}

function joined(
  headers: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === 'string' ? value : value.join(', '),
    ]),
  )
}
