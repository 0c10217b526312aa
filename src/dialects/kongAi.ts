// Kong's AI Rate Limiting Advanced, which counts tokens or dollars per provider or policy. Must not
// know the plug-in for requests, but shares its windows.

import { type LimitUnit, limitOf, type NamedLimiter, windowUsOf } from '../core/limits.ts'
import type {
  Denial,
  Dialect,
  LimitReport,
  LimitSignal,
  Rejection,
  ResponseView,
  WrittenResponse,
} from './dialect.ts'
import { unitIn, windowUsIn } from './dimension.ts'
import { atLeastOne, windowName, windowPattern } from './kong.ts'
import { adviceIn, rejectionOf } from './rejection.ts'
import { exhausted, fieldGroups, signalOf } from './signals.ts'
import { textAt } from './view.ts'
import { fieldPart, jsonResponse, present, reportsOf } from './write.ts'

/** Carries the limiter: providers or policies are named in the body and in the fields' names. */
export const kongAi: Dialect = {
  name: 'kong-ai',
  title: 'Kong AI Rate Limiting Advanced',
  names: 'limiter',
  signals: providerSignals,
  rejection: providerRejection,
  admitted: ({ reports }) => providerFields(reports),
  rejected(denial) {
    const message = `API rate limit exceeded for provider ${denial.limiter.name}`
    return jsonResponse(
      429,
      { message },
      {
        'content-type': 'application/json; charset=utf-8',
        ...providerFields(reportsOf(denial)),
        ...deniedFields(denial),
      },
    )
  },
}

const providerField = new RegExp(
  `^x-ai-ratelimit-(?<measure>limit|remaining|reset)-(?<scope>${windowPattern})-(?<key>.+)$`,
)

function providerSignals(view: ResponseView): readonly LimitSignal[] {
  return fieldGroups(view, providerField).map((group) => {
    const windowUs = windowUsIn(group.scope)
    return signalOf(group, { name: group.key, unit: unitIn(group.key), windowUs })
  })
}

function providerRejection(view: ResponseView): Rejection | null {
  if (view.status !== 429) return null
  const message = textAt(view, '/message')
  const match = exceeded.exec(message)
  const providers = match?.[1]
  const signals = providerSignals(view)
  if (match === null || (providers === undefined && signals.length === 0)) return null
  const limiter = providers?.split(', ')[0] ?? exhausted(signals)?.name ?? null
  const evidence = [`body:/message: ${message}`]
  const wait = adviceIn(view, 'x-ai-ratelimit-retry-after')
  const unit = unitIn(limiter)
  return rejectionOf(view, { strength: 'signature', limiter, unit, evidence, wait })
}

const exceeded = /^(?:API|AI token) rate limit exceeded(?: for provider (.+))?$/

function providerFields(reports: readonly LimitReport[]): WrittenResponse['headers'] {
  return Object.fromEntries(
    reports.flatMap(({ limiter, remaining }) => {
      const { algorithm, unit } = limiter.model
      const suffix = suffixOf(limiter)
      if (suffix === null) return []
      return [
        [`x-ai-ratelimit-limit-${suffix}`, amount(limitOf(algorithm), unit)],
        [`x-ai-ratelimit-remaining-${suffix}`, amount(Math.max(0, remaining), unit)],
      ]
    }),
  )
}

function deniedFields({ limiter, decision }: Denial): WrittenResponse['headers'] {
  const wait = decision.retryAfterUs === null ? null : atLeastOne(decision.retryAfterUs)
  const suffix = suffixOf(limiter)
  const own = {
    [`x-ai-ratelimit-retry-after-${suffix}`]: wait,
    [`x-ai-ratelimit-reset-${suffix}`]: wait,
  }
  return present({
    ...(suffix === null ? {} : own),
    'x-ai-ratelimit-reset': wait,
    'x-ai-ratelimit-retry-after': wait,
    'retry-after': wait,
  })
}

// The fields of a limiter without a window have no name.
function suffixOf({ name, model }: NamedLimiter): string | null {
  const windowUs = windowUsOf(model.algorithm)
  return windowUs === null ? null : `${windowName(windowUs)}-${fieldPart(name)}`
}

// Dollars are fractional; everything else is counted.
function amount(value: number, unit: LimitUnit): string {
  return String(unit === 'usd' ? Number(value.toFixed(6)) : Math.floor(value))
}
