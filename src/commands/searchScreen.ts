// The view of a capacity search while it goes on: the curve so far and the step under way, drawn over
// itself on a terminal; a line per step elsewhere.

import type { Criterion } from '../capacity/search/observation.ts'
import type { Move, Search, Step } from '../capacity/search/search.ts'
import { formatInteger, formatRate, formatSpan } from '../core/format.ts'
import type { LiveSnapshot } from '../recording/live.ts'
import { curveLines, rangeText } from '../report/capacityText.ts'
import { type CommandIo, say } from './io.ts'
import type { ScreenFactory } from './session.ts'

export interface SearchScreen {
  /** The view of the run that a step is. */
  readonly factory: ScreenFactory
  /** A step begins, maybe with a cool-down. */
  begins(move: Move, coolDownUs: number): void
  /** A step has ended. */
  ended(step: Step): void
  close(): void
}

const drawMs = 500

/** `isDrawn`: over and over on the terminal of stderr; else lines. */
export function searchScreen(
  search: Search,
  criteria: readonly Criterion[],
  { isDrawn, io }: { readonly isDrawn: boolean; readonly io: CommandIo },
): SearchScreen {
  return isDrawn ? new DrawnScreen(search, criteria, io) : lineScreen(search, io)
}

function lineScreen(search: Search, io: CommandIo): SearchScreen {
  return {
    factory: async () => ({ event() {}, close: async () => {} }),
    begins() {},
    ended: (step) => say(io, stepLine(search, step)),
    close() {},
  }
}

function stepLine(search: Search, { move, observation, verdict }: Step): string {
  const { goodputPerS, p99Us, generatorReasons } = observation
  const why = verdict === 'invalid' ? ` (${generatorReasons.join('; ')})` : ''
  return `step ${search.steps.length}, ${move.kind}: ${formatRate(move.loadPerS)} for ${formatSpan(move.measureUs)}: goodput ${formatRate(goodputPerS)}, p99 ${formatSpan(p99Us)}: ${verdict}${why}`
}

class DrawnScreen implements SearchScreen {
  readonly #search: Search
  readonly #criteria: readonly Criterion[]
  readonly #io: CommandIo
  readonly #startedMs = performance.now()
  #lines = 0
  #known = ''
  #move: { readonly text: string; readonly endsMs: number } = { text: '', endsMs: 0 }
  #snapshot: (() => LiveSnapshot) | null = null
  readonly #timer: NodeJS.Timeout

  constructor(search: Search, criteria: readonly Criterion[], io: CommandIo) {
    this.#search = search
    this.#criteria = criteria
    this.#io = io
    this.#timer = setInterval(() => this.#draw(), drawMs)
  }

  factory: ScreenFactory = async ({ snapshot }) => {
    this.#snapshot = snapshot
    return {
      event() {},
      close: async () => {
        this.#snapshot = null
      },
    }
  }

  begins({ kind, loadPerS, measureUs }: Move, coolDownUs: number): void {
    const text = `${kind}: ${formatRate(loadPerS)} for ${formatSpan(measureUs)}`
    this.#move = { text, endsMs: performance.now() + coolDownUs / 1000 }
    this.#draw()
  }

  ended(): void {
    this.#known = `, capacity so far ${rangeText(this.#search.crossing())}`
    this.#draw()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#erase()
  }

  #draw(): void {
    this.#erase()
    const { columns = 100, rows = 40 } = this.#io.stderr
    const lines = this.#frame().map((line) => line.slice(0, columns - 1))
    // The newest lines say the most, but for the headline.
    const shown = lines.length < rows ? lines : [lines[0]!, ...lines.slice(2 - rows)]
    this.#io.stderr.write(`${shown.join('\n')}\n`)
    this.#lines = shown.length
  }

  #frame(): string[] {
    const { steps } = this.#search
    const spent = formatSpan((performance.now() - this.#startedMs) * 1000)
    return [
      `step ${steps.length + 1}, ${this.#move.text}: ${this.#state()}`,
      `${spent} so far${this.#known}; Ctrl-C stops and keeps every step`,
      '',
      ...(steps.length === 0 ? [] : curveLines({ steps, criteria: this.#criteria })),
    ]
  }

  #state(): string {
    const waitMs = this.#move.endsMs - performance.now()
    const snapshot = this.#snapshot?.()
    if (snapshot === undefined) {
      return waitMs > 0 ? `cooling down for ${formatSpan(waitMs * 1000)}` : 'starting'
    }
    const { progress } = snapshot
    if (progress === null) return 'starting'
    const share = progress.share === null ? '' : `, ${Math.round(progress.share * 100)} %`
    return `${progress.state}${share}, ${formatInteger(progress.sent)} sent, ${formatInteger(progress.inFlight)} in flight`
  }

  /** Up to the first line that was drawn, and clear from there. */
  #erase(): void {
    if (this.#lines > 0) this.#io.stderr.write(`\u001b[${this.#lines}A\u001b[0J`)
    this.#lines = 0
  }
}
