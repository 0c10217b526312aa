// Which scenarios a run is made of: those that were named, or matched by a pattern with '*'.

import { UserError } from '../core/errors.ts'
import { nearest } from '../core/text.ts'
import type { LoadedScenario } from './loaded.ts'

/** Scenarios in the order of the words; all of them without words. Throws `UserError`. */
export function chooseScenarios(
  scenarios: readonly LoadedScenario[],
  words: readonly string[],
): readonly LoadedScenario[] {
  if (scenarios.length === 0) {
    const advice = 'write one into scenarios/, or into the config under scenarios'
    throw new UserError('scenario', `scenarios: expected at least one, got none; ${advice}`)
  }
  if (words.length === 0) return scenarios
  const chosen = words.map((word) => scenarios.filter(({ input }) => isMatch(word, input.name)))
  const unknown = words.filter((_, i) => chosen[i]!.length === 0)
  if (unknown.length > 0) {
    const names = scenarios.map(({ input }) => input.name)
    throw new UserError('scenario', unknown.map((word) => unknownText(word, names)).join('\n'))
  }
  return [...new Set(chosen.flat())]
}

function isMatch(word: string, name: string): boolean {
  if (!word.includes('*')) return word === name
  const parts = word.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(name)
}

function unknownText(word: string, names: readonly string[]): string {
  const guess = nearest(word, names)
  const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
  return `scenarios: expected one of ${names.join(', ')}, got '${word}'${hint}`
}
