// Problems of a config, each as one line that says where, what was expected, what was got, and what
// to do. Values are shown only where they cannot be a secret.

import type { z } from 'zod'
import { nearest } from '../core/text.ts'
import { keysExpected } from './fields.ts'
import type { Problem, Source } from './source.ts'
import { isTelling } from './target.ts'
import { isSecret, mask, type Path, pathText, show, valueAt, withGot } from './values.ts'

type Issue = z.core.$ZodIssue

/** The problems of a document; `prefix` is where the checked value is in it. */
export function problemsOf(issues: readonly Issue[], prefix: Path = []): readonly Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [...prefix, ...issue.path]))
}

/** 'bench.config.yaml:3:5: lanes[0].bearer: expected X, got Y; hint' */
export function problemLine(problem: Problem, source: Source): string {
  const { path } = problem
  const place = [`${source.name}${source.positionOf(path)}`, pathText(path)]
  return [...place.filter((part) => part !== ''), sentence(problem, source)].join(': ')
}

function sentence({ path, message, got, choices = [] }: Problem, source: Source): string {
  if (!message.startsWith('expected ')) return message
  if (got !== undefined) return withGot(message, got)
  const value = valueAt(source.value, path)
  const written = source.writtenAt(path)
  // A value that came from the environment is shown as it was written: '${env:NAME}'.
  if (written !== undefined) return withGot(withoutEcho(message), show(written))
  if (isShownInFull(value) && (isSecret(path) || isTelling(value))) {
    return withGot(withoutEcho(message), mask)
  }
  const guess = typeof value === 'string' ? nearest(value, choices) : undefined
  return withGot(message, show(value)) + (guess === undefined ? '' : `; did you mean '${guess}'?`)
}

function isShownInFull(value: unknown): boolean {
  return ['string', 'number', 'bigint', 'symbol'].includes(typeof value)
}

/** Without hints that repeat the value. */
function withoutEcho(message: string): string {
  return message.replace(/; (did you mean|unknown unit) .*$/, '')
}

function problemsOfIssue(issue: Issue, path: Path): readonly Problem[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, [...path, key], issue.message))
    case 'invalid_key':
      return [invalidKey(path, issue.issues[0]?.message ?? 'expected another name')]
    case 'invalid_value':
      return [choiceProblem(path, issue.values)]
    case 'invalid_union': {
      const { options } = issue as { options?: readonly unknown[] }
      if (options !== undefined) return [choiceProblem(path, options)]
      return unionProblems(issue.errors, issue.message, path)
    }
    case 'custom': {
      const { got } = (issue.params ?? {}) as { got?: string }
      return [{ path, message: issue.message, ...(got === undefined ? {} : { got }) }]
    }
    default:
      return [{ path, message: issue.message }]
  }
}

function unknownKey(key: string, path: Path, message: string): Problem {
  const keys = message.slice(keysExpected.length).split(', ')
  const guess = nearest(key, keys)
  const hint =
    guess === undefined ? `known keys are ${keys.join(', ')}` : `did you mean '${guess}'?`
  return { path, message: `unknown key; ${hint}` }
}

function invalidKey(path: Path, message: string): Problem {
  const parent = path.slice(0, -1)
  // What is no header name may well be a whole header line, with its value.
  if (isSecret(parent)) {
    return message.startsWith('expected a header name')
      ? { path: parent, message, got: mask }
      : { path, message }
  }
  return { path, message, got: show(path.at(-1)) }
}

function choiceProblem(path: Path, values: readonly unknown[]): Problem {
  const quoted = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
  const message = `expected ${quoted.join(', ').replace(/, ([^,]*)$/, ' or $1')}`
  return { path, message, choices: values.map(String) }
}

/** Problems of the alternative that was meant: the one whose type the value has. */
function unionProblems(
  alternatives: readonly (readonly Issue[])[],
  message: string,
  path: Path,
): readonly Problem[] {
  const meant = alternatives
    .filter((issues) => !issues.some(isOfAnotherType))
    .sort((a, b) => a.length - b.length)[0]
  return meant === undefined ? [{ path, message }] : problemsOf(meant, path)
}

function isOfAnotherType(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code === 'invalid_type'
}
