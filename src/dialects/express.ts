// express-rate-limit in its four header forms, and its look-alikes. Must not know how the fields
// are made up.

import type {
  Dialect,
  DialectName,
  LimitReport,
  LimitSignal,
  ResponseView,
  WriteContext,
  WrittenResponse,
} from './dialect.ts'
import { ietfFields, policyItem, serviceLimitItem, writeFields } from './ietfFields.ts'
import { rejectionOf } from './rejection.ts'
import { tripleSignals } from './signals.ts'
import { field } from './view.ts'
import { deniedReport, figuresOf, secondsUp } from './write.ts'

type Fields = WrittenResponse['headers']

/** Carries nothing about the limiter. */
export const expressLegacy = expressDialect({
  name: 'express-legacy',
  names: 'nothing',
  signals(view) {
    // Others send the same fields with other resets.
    const signals = tripleSignals(view, 'x-ratelimit')
    return /^\d{10}$/.test(field(view, 'x-ratelimit-reset') ?? '') ? signals : []
  },
  fields: ({ reports, nowUnixMs }) => lastOf(reports, (report) => legacyFields(report, nowUnixMs)),
})

/** Carries nothing about the limiter. */
export const expressDraft6 = expressDialect({
  name: 'express-draft-6',
  names: 'nothing',
  signals: (view) =>
    field(view, 'ratelimit-policy') === null ? [] : ofGeneration(view, 'draft-6'),
  fields: ({ reports }) => lastOf(reports, (report) => writeFields('draft-6', report)),
})

/** Carries nothing about the limiter. */
export const expressDraft7 = expressDialect({
  name: 'express-draft-7',
  names: 'nothing',
  signals: (view) => ofGeneration(view, 'draft-7'),
  fields: ({ reports }) => lastOf(reports, (report) => writeFields('draft-7', report)),
})

/** Carries the limiter: every policy has a name, and the last one listed is the one that denied. */
export const expressDraft8 = expressDialect({
  name: 'express-draft-8',
  names: 'limiter',
  signals(view) {
    const isSpaced = /"; (?:r|q)=/.test(field(view, 'ratelimit') ?? '')
    return isSpaced ? ofGeneration(view, 'draft-8') : []
  },
  fields: ({ reports, subject }) => namedFields(reports, subject.key),
})

interface Form {
  readonly name: DialectName
  readonly names: Dialect['names']
  signals(view: ResponseView): readonly LimitSignal[]
  fields(context: WriteContext): Fields
}

const message = 'Too many requests, please try again later.'
const html = 'text/html; charset=utf-8'

function expressDialect({ name, names, signals, fields }: Form): Dialect {
  return {
    name,
    title: `express-rate-limit (${name.replace('express-', '').replace('-', ' ')})`,
    names,
    signals,
    rejection(view) {
      if (view.status !== 429 || view.body !== message) return null
      const said = signals(view)
      if (said.length === 0) return null
      // Middlewares append their fields one after the other, and the one that denies is the last.
      const limiter = names === 'limiter' ? said.filter(hasState).at(-1) : undefined
      // Only the content type tells express from those that took over its message (hono).
      const strength = field(view, 'content-type') === html ? 'signature' : 'shape'
      const evidence = ['body: the default message', said[0]!.evidence]
      const { name: denying = null, unit = null } = limiter ?? {}
      return rejectionOf(view, { strength, limiter: denying, unit, evidence })
    },
    admitted: fields,
    rejected(denial) {
      const denied = deniedReport(denial)
      const index = denial.reports.findIndex(({ limiter }) => limiter.name === denial.limiter.name)
      // Limiters behind the one that denied were never asked.
      const asked = [...denial.reports.slice(0, Math.max(0, index)), denied]
      return {
        status: 429,
        headers: {
          ...fields({ ...denial, reports: asked }),
          'retry-after': secondsUp(denied.resetUs),
          'content-type': html,
        },
        body: message,
      }
    },
  }
}

function hasState({ remaining }: LimitSignal): boolean {
  return remaining !== null
}

function ofGeneration(view: ResponseView, generation: string): readonly LimitSignal[] {
  const fields = ietfFields(view)
  return fields?.generation === generation ? fields.signals : []
}

// Every middleware overwrites the fields of the one before.
function lastOf(reports: readonly LimitReport[], write: (report: LimitReport) => Fields): Fields {
  const last = reports.at(-1)
  return last === undefined ? {} : write(last)
}

function legacyFields(report: LimitReport, nowUnixMs: number): Fields {
  const { limit, remaining } = figuresOf(report)
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': secondsUp(nowUnixMs * 1000 + report.resetUs),
  }
}

function namedFields(reports: readonly LimitReport[], key: string): Fields {
  if (reports.length === 0) return {}
  const partition = [`pk=:${btoa(fingerprint(key))}:`]
  return {
    ratelimit: reports.map((report) => serviceLimitItem(report, '; ')),
    'ratelimit-policy': reports.map((report) => policyItem(report, partition, '; ')),
  }
}

// Twelve hex digits that stand for the key, as express sends them, without telling it (FNV-1a).
function fingerprint(key: string): string {
  const digits = [0, 1].map((salt) => {
    let hash = 0x811c9dc5 + salt
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
    return (hash >>> 8).toString(16).padStart(6, '0')
  })
  return digits.join('')
}
