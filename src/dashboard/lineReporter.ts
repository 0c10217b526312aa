// The reporter for logs and pipes: one line now and then, one for every event, no cursor movements.

import type { RunEvent } from '../core/event.ts'
import { formatInstant } from '../core/format.ts'
import type { LiveSnapshot } from '../recording/live.ts'
import { eventText } from './eventsPanel.ts'
import { hasLanes } from './limiterFacts.ts'
import { statusLine } from './statusLine.ts'

export interface LineReporterOptions {
  readonly snapshot: () => LiveSnapshot
  /** Gets lines without a line break. */
  readonly write: (line: string) => void
  /** How far status lines are apart; default 10,000 ms. */
  readonly everyMs?: number
}

export interface LineReporter {
  /** Writes the events that are still to be written, and nothing after that. */
  close(): void
}

/** Reports until closed. */
export function startLineReporter(options: LineReporterOptions): LineReporter {
  const { snapshot, write, everyMs = 10_000 } = options
  let last: RunEvent | null = null
  const writeEvents = () => {
    const { events, limiters } = snapshot()
    for (const event of eventsAfter(events, last)) {
      write(`${formatInstant(event.us).padStart(10)}  ${eventText(event, hasLanes(limiters))}`)
    }
    last = events.at(-1) ?? last
  }
  const eventTimer = setInterval(writeEvents, Math.min(everyMs, eventsEveryMs))
  const statusTimer = setInterval(() => {
    writeEvents()
    write(statusLine(snapshot()))
  }, everyMs)
  let isClosed = false
  return {
    close() {
      if (isClosed) return
      isClosed = true
      clearInterval(eventTimer)
      clearInterval(statusTimer)
      writeEvents()
    },
  }
}

const eventsEveryMs = 250

/** Snapshots carry only the newest events, and may be copies: the last one is found by its value. */
function eventsAfter(events: readonly RunEvent[], last: RunEvent | null): readonly RunEvent[] {
  if (last === null) return events
  const { us, kind, text } = last
  const i = events.findLastIndex(
    (event) => event.us === us && event.kind === kind && event.text === text,
  )
  return events.slice(i + 1)
}
