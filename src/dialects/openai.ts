// OpenAI and everything that speaks like it. Must not know Azure's own words.

import type {
  Denial,
  Dialect,
  LimitReport,
  LimitSignal,
  Rejection,
  ResponseView,
  WrittenResponse,
} from './dialect.ts'
import { unitIn } from './dimension.ts'
import { deniedMessage, dimensionOf, disclosureIn } from './openaiMessage.ts'
import { rejectionOf } from './rejection.ts'
import { exhausted, fieldGroups, signalOf } from './signals.ts'
import { textAt } from './view.ts'
import { figuresOf, goDuration, present, reportsOf, tightest } from './write.ts'

/** Carries the dimension: `error.type` and the message say requests or tokens. */
export const openai: Dialect = {
  name: 'openai',
  title: 'OpenAI',
  names: 'dimension',
  signals(view) {
    const advertised = openaiSignals(view)
    const said = disclosureIn(textAt(view, '/error/message'))
    const isNews = said !== null && !advertised.some(({ name }) => name === said.signal.name)
    return isNews ? [...advertised, said.signal] : advertised
  },
  rejection,
  admitted: ({ reports }) => openaiFields(reports),
  rejected(denial) {
    const { retryAfterUs } = denial.decision
    const wait = retryAfterUs === null ? null : Math.ceil(retryAfterUs / 1000)
    return {
      status: 429,
      headers: {
        'content-type': 'application/json',
        ...openaiFields(reportsOf(denial)),
        ...present({
          'retry-after-ms': wait === null ? null : String(wait),
          'retry-after': wait === null ? null : String(Math.ceil(wait / 1000)),
        }),
      },
      // The service indents its errors by four.
      body: `${JSON.stringify({ error: errorOf(denial) }, null, 4)}\n`,
    }
  },
}

const figureField =
  /^x-ratelimit-(?<measure>limit|remaining|reset)-(?<key>[a-z-]*(?:requests|tokens)[a-z_-]*)$/

/** The limits in `x-ratelimit-<measure>-<dimension>` fields. */
export function openaiSignals(view: ResponseView): readonly LimitSignal[] {
  return fieldGroups(view, figureField).map((group) =>
    signalOf(group, { name: group.key, unit: unitIn(group.key) }),
  )
}

/** The tightest limiter of each dimension in those fields. */
export function openaiFields(
  reports: readonly LimitReport[],
  measures: readonly Measure[] = ['limit', 'remaining', 'reset'],
): WrittenResponse['headers'] {
  const shown = (['requests', 'tokens'] as const).flatMap((dimension) => {
    const report = tightest(
      reports.filter(({ limiter }) => dimensionOf(limiter.model.unit) === dimension),
    )
    return report === null ? [] : [{ dimension, report }]
  })
  return present(
    Object.fromEntries(
      measures.flatMap((measure) =>
        shown.map(({ dimension, report }) => [
          `x-ratelimit-${measure}-${dimension}`,
          measure === 'reset' ? goDuration(report.resetUs) : String(figuresOf(report)[measure]),
        ]),
      ),
    ),
  )
}

type Measure = 'limit' | 'remaining' | 'reset'

function rejection(view: ResponseView): Rejection | null {
  // Groq, which speaks the same language, denies what is too large with 413.
  if (view.status !== 429 && view.status !== 413) return null
  const message = textAt(view, '/error/message')
  const code = textAt(view, '/error/code')
  const type = textAt(view, '/error/type')
  const disclosure = disclosureIn(message)
  if (disclosure !== null) {
    const { name, unit, evidence } = disclosure.signal
    const lines = [evidence, ...(disclosure.isTooLarge ? ['never admissible'] : [])]
    return rejectionOf(view, {
      strength: 'signature',
      limiter: name,
      unit,
      evidence: lines,
      message,
    })
  }
  if (view.status !== 429) return null
  if (code === 'insufficient_quota' || type === 'insufficient_quota') {
    const evidence = ['body:/error/code: insufficient_quota']
    return rejectionOf(view, { strength: 'signature', limiter: 'usd', unit: 'usd', evidence })
  }
  const signals = openaiSignals(view)
  const isNamed = code === 'rate_limit_exceeded' || type === 'requests' || type === 'tokens'
  if (!isNamed && signals.length === 0) return null
  const unit = unitIn(
    /^(?:requests|tokens)$/.test(type) ? type : (exhausted(signals)?.name ?? null),
  )
  const evidence = [`body:/error/type: ${type || 'none'}`, `body:/error/code: ${code || 'none'}`]
  return rejectionOf(view, { strength: 'shape', limiter: unit, unit, evidence, message })
}

function errorOf(denial: Denial): Readonly<Record<string, string | null>> {
  if (denial.limiter.model.unit === 'usd') {
    return {
      message:
        'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
      type: 'insufficient_quota',
      param: null,
      code: 'insufficient_quota',
    }
  }
  const type = dimensionOf(denial.limiter.model.unit) === 'tokens' ? 'tokens' : 'requests'
  return { message: deniedMessage(denial), type, param: null, code: 'rate_limit_exceeded' }
}
