// Azure OpenAI, and the token and quota policies of the API Management in front of it. Must not
// know OpenAI's messages.

import type { Dialect, Rejection, ResponseView } from './dialect.ts'
import { unitIn } from './dimension.ts'
import { openaiFields, openaiSignals } from './openai.ts'
import { rejectionOf } from './rejection.ts'
import { durationUsOf, type ReadSpan } from './reset.ts'
import { field, textAt } from './view.ts'
import { present, reportsOf, retryAfterSeconds, secondsUp } from './write.ts'

/** Carries the dimension: the message says 'call rate limit' or 'token rate limit'. */
export const azureOpenai: Dialect = {
  name: 'azure-openai',
  title: 'Azure OpenAI',
  names: 'dimension',
  signals: (view) => (isAzure(view) ? openaiSignals(view) : []),
  rejection: (view) => serviceRejection(view) ?? managementRejection(view),
  admitted: ({ reports }) => fields(openaiFields(reports, ['remaining'])),
  rejected(denial) {
    const { retryAfterUs } = denial.decision
    const word = denial.limiter.model.unit.endsWith('tokens') ? 'token' : 'call'
    const wait =
      retryAfterUs === null ? '' : ` Please retry after ${secondsUp(retryAfterUs)} seconds.`
    const message =
      'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21' +
      ` have exceeded ${word} rate limit of your current OpenAI S0 pricing tier.${wait}` +
      ' Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the' +
      ' default rate limit.'
    return {
      status: 429,
      headers: {
        'content-type': 'application/json',
        ...present({
          'retry-after': retryAfterSeconds(denial),
          'retry-after-ms': retryAfterUs === null ? null : String(Math.ceil(retryAfterUs / 1000)),
        }),
        ...fields(openaiFields(reportsOf(denial), ['remaining'])),
      },
      body: JSON.stringify({ error: { code: '429', message } }),
    }
  },
}

function fields(figures: ReturnType<typeof openaiFields>) {
  return { ...figures, 'x-ms-region': 'Sweden Central' }
}

function isAzure(view: ResponseView): boolean {
  return ['x-ms-region', 'apim-request-id', 'azureml-model-session', 'x-ms-client-request-id'].some(
    (name) => field(view, name) !== null,
  )
}

function serviceRejection(view: ResponseView): Rejection | null {
  if (view.status !== 429) return null
  const message = textAt(view, '/error/message')
  const word = /exceeded (?:the )?\**(call|token)\** rate limit/i.exec(message)?.[1]
  if (word !== undefined) {
    const unit = unitIn(word)
    const evidence = [`body:/error/message: ${word} rate limit`]
    return rejectionOf(view, { strength: 'signature', limiter: unit, unit, evidence, message })
  }
  if (!message.startsWith('The system is currently experiencing high demand')) return null
  const evidence = ['body:/error/message: high demand']
  return rejectionOf(view, {
    strength: 'signature',
    limiter: 'overloaded',
    unit: null,
    evidence,
    message,
  })
}

// API Management denies a rate by 429 and a quota by 403, in the same words for every API.
function managementRejection(view: ResponseView): Rejection | null {
  if (view.status !== 429 && view.status !== 403) return null
  const message = textAt(view, '/message')
  const [, limiter] = managementTexts.find(([text]) => text.test(message)) ?? []
  if (limiter === undefined) return null
  const unit = unitIn(limiter)
  const evidence = [`body:/message: ${message}`]
  const wait = replenishedIn(message)
  return rejectionOf(view, { strength: 'signature', limiter, unit, evidence, message, wait })
}

const managementTexts: readonly (readonly [RegExp, string])[] = [
  [/^Rate limit is exceeded/, 'requests'],
  [/^Token limit is exceeded/, 'tokens'],
  [/^Token quota is exceeded/, 'tokens-quota'],
  [/^Out of call volume quota/, 'requests-quota'],
  [/^Out of bandwidth quota/, 'bandwidth-quota'],
]

// 'Quota will be replenished in 14.07:13:56.': days, hours, minutes, seconds; or '2.12 days'.
function replenishedIn(message: string): ReadSpan | null {
  const as = 'message'
  const clock = /\bin (?:(\d{1,4})\.)?(\d\d):(\d\d):(\d\d)\b/.exec(message)
  if (clock !== null) {
    const [days = 0, hours, minutes, seconds] = clock.slice(1).map((part) => Number(part ?? 0))
    return { us: (((days * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1e6, as }
  }
  const us = durationUsOf(/\bin (\d[\d.]{0,10} days?)\b/.exec(message)?.[1] ?? '')
  return us === null ? null : { us, as }
}
