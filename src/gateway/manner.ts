// How a system writes what it answers: OpenAI's formats, unless it has its own. Must not know how an
// answer came about.

import type { Denial, Dialect, WriteContext, WrittenResponse } from '../dialects/dialect.ts'
import { jsonResponse } from '../dialects/write.ts'
import {
  type AnswerHead,
  type Ask,
  answerBody,
  errorBody,
  type StreamEvents,
  streamEvents,
} from './openai.ts'

/** The answers of one system. */
export interface Manner {
  /** A denial by a limiter. */
  rejected(denial: Denial): WrittenResponse
  /** Header fields of an answer beside content type and length. */
  answered(context: WriteContext, ask: Ask): WrittenResponse['headers']
  /** A whole answer; its content type is JSON. */
  body(head: AnswerHead): string
  /** A streamed answer. */
  events(head: AnswerHead): StreamEvents
  /** The model failed with a status and a body of its own. */
  failed(status: number, body: string): WrittenResponse
}

/** OpenAI's formats with the limits of a dialect. */
export function openaiManner(dialect: Dialect): Manner {
  return {
    rejected: (denial) => dialect.rejected(denial),
    answered: (context) => dialect.admitted(context),
    body: answerBody,
    events: streamEvents,
    failed: (status, body) => ({ ...jsonResponse(status, null), body }),
  }
}

/** The body of a model that fails because it was told to. */
export const faultBody = errorBody('A fault was asked for', 'server_error')
