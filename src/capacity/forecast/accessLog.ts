// Calls as an access log has them: CSV with a header, or JSON lines. Broken rows are told and left out.

import { parse } from 'csv-parse/sync'
import { messageOf, UserError } from '../../core/errors.ts'
import { safeLine } from '../../core/text.ts'
import type { TimedCall } from './spec.ts'

export interface AccessLog {
  /** By time; instants count from the first call. */
  readonly calls: readonly TimedCall[]
  /** Rows that could not be read, with their lines and why. */
  readonly broken: readonly { readonly line: number; readonly reason: string }[]
}

/** Names that columns go by in the wild. */
const names = {
  time: ['time', 'timestamp', 'ts', 'us', 'started_at', 'intended_us'],
  key: ['key', 'api_key', 'user', 'consumer', 'lane', 'tier'],
  promptTokens: ['prompt_tokens', 'input_tokens', 'prompt'],
  completionTokens: ['completion_tokens', 'output_tokens', 'completion'],
} as const

type Field = keyof typeof names

/** Reads a log; throws `UserError` where not one row of it can be read. */
export function readAccessLog(name: string, text: string): AccessLog {
  const rows = text.trimStart().startsWith('{') ? jsonRows(text) : csvRows(name, text)
  const calls: TimedCall[] = []
  const broken: { line: number; reason: string }[] = []
  for (const { line, value, problem } of rows) {
    const call = problem ?? callOf(value!)
    if (typeof call === 'string') broken.push({ line, reason: call })
    else calls.push(call)
  }
  if (calls.length === 0) throw nothingIn(name, broken)
  calls.sort((a, b) => a.us - b.us)
  const first = calls[0]!.us
  return { calls: calls.map((call) => ({ ...call, us: call.us - first })), broken }
}

type Values = Readonly<Record<string, unknown>>

interface Row {
  readonly line: number
  readonly value: Values | null
  readonly problem: string | null
}

function jsonRows(text: string): Row[] {
  return text.split('\n').flatMap((line, i): Row[] => {
    if (line.trim() === '') return []
    try {
      const value: unknown = JSON.parse(line)
      const isObject = typeof value === 'object' && value !== null
      return [
        isObject
          ? { line: i + 1, value: value as Values, problem: null }
          : { line: i + 1, value: null, problem: 'expected a JSON object' },
      ]
    } catch {
      return [{ line: i + 1, value: null, problem: 'expected JSON' }]
    }
  })
}

function csvRows(name: string, text: string): Row[] {
  try {
    const records = parse(text, {
      columns: (header: string[]) => header.map((column) => column.trim().toLowerCase()),
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as { record: Values; info: { lines: number } }[]
    return records.map(({ record, info }) => ({ line: info.lines, value: record, problem: null }))
  } catch (error) {
    throw new UserError(
      'usage',
      `${name}: expected CSV with a header, or JSON lines: ${messageOf(error)}`,
    )
  }
}

/** The call of a row, or what is wrong with it. */
function callOf(row: Values): TimedCall | string {
  const time = cellOf(row, 'time')
  const us = typeof time === 'string' || typeof time === 'number' ? instantUs(time) : null
  if (us === null) return `expected a time, got ${shown(time)}`
  const key = cellOf(row, 'key')
  if (key === undefined || key === '') return 'expected a key, got none'
  const promptTokens = tokensOf(row, 'promptTokens')
  if (typeof promptTokens === 'string') return promptTokens
  const completionTokens = tokensOf(row, 'completionTokens')
  if (typeof completionTokens === 'string') return completionTokens
  return { us, key: String(key), promptTokens, completionTokens }
}

function tokensOf(row: Values, field: Field): number | string {
  const value = cellOf(row, field)
  const tokens = value === '' || value === undefined ? Number.NaN : Number(value)
  if (Number.isInteger(tokens) && tokens >= 0) return tokens
  return `expected ${names[field][0]}, got ${shown(value)}`
}

function cellOf(row: Values, field: Field): unknown {
  const column = names[field].find((one) => row[one] !== undefined)
  return column === undefined ? undefined : row[column]
}

/** ISO 8601, or a number of s, ms or µs since 1970 (by its size) or since whenever. */
function instantUs(time: string | number): number | null {
  const number = typeof time === 'number' ? time : /^\d+(\.\d+)?$/.test(time) ? Number(time) : null
  if (number === null) {
    const ms = Date.parse(String(time))
    return Number.isNaN(ms) ? null : ms * 1000
  }
  if (!Number.isFinite(number) || number < 0) return null
  if (number > 1e14) return Math.round(number)
  return Math.round(number > 1e11 ? number * 1e3 : number * 1e6)
}

function shown(value: unknown): string {
  return value === undefined || value === '' ? 'none' : `'${safeLine(String(value), 40)}'`
}

function nothingIn(name: string, broken: AccessLog['broken']): UserError {
  const [first] = broken
  const why = first === undefined ? 'it is empty' : `line ${first.line}: ${first.reason}`
  const message = `${name}: expected calls with time, key, prompt_tokens and completion_tokens, got none that can be read (${why})`
  return new UserError('usage', message)
}
