// Which `{{variables}}` a scenario uses, and whether anybody gives them.

import { nearest } from '../core/text.ts'
import { builtInVariables, variablesIn } from '../load/steps.ts'
import { laneOf } from './laneInput.ts'
import { type LoadedScenario, placeLine } from './loaded.ts'
import type { LaneRefInput } from './scenarioInput.ts'
import { stepInputs } from './stepInput.ts'
import type { Path } from './values.ts'

/** Variables that no step captures and no target profile gives. */
export function variableProblems(scenarios: readonly LoadedScenario[]): readonly string[] {
  return scenarios.flatMap((scenario) => {
    const known = knownIn(scenario)
    return usesIn(scenario).flatMap(({ value, path }) =>
      variablesIn(value)
        .filter((name) => !known.has(name))
        .map((name) => {
          const place = { source: scenario.source, path: [...scenario.path, ...path] }
          const guess = nearest(name, known)
          const list = [...known].join(', ')
          const hint = guess === undefined ? `known are ${list}` : `did you mean '{{${guess}}}'?`
          const message = `expected a variable that a step captures or a profile gives; ${hint}`
          return placeLine(place, { message, got: `'{{${name}}}'` })
        }),
    )
  })
}

function knownIn({ input }: LoadedScenario): ReadonlySet<string> {
  const captured = partsOf(input)
    .flatMap(({ part }) => stepInputs(part))
    .flatMap(({ step }) => Object.keys(step.capture ?? {}))
  const given = Object.values(input.system?.profiles ?? {}).flatMap(({ variables = {} }) =>
    Object.keys(variables),
  )
  return new Set([...builtInVariables, ...given, ...captured])
}

function usesIn({ input }: LoadedScenario): { readonly value: unknown; readonly path: Path }[] {
  const ofParts = partsOf(input).flatMap(({ part, at }) => [
    ...stepInputs(part).map(({ step, path }) => ({ value: step, path: [...at, ...path] })),
    ...(part.mix ?? []).map((value, i) => ({ value, path: [...at, 'mix', i] })),
    ...(part.lanes ?? []).map((lane, i) => ({ value: captureOf(lane), path: [...at, 'lanes', i] })),
  ])
  const { expect = [], slo = [] } = input
  return [...ofParts, { value: expect, path: ['expect'] }, { value: slo, path: ['slo'] }]
}

/** The variable that a lane's credential is, as steps would write it. */
function captureOf(lane: LaneRefInput): string {
  if (typeof lane === 'string') return ''
  const { from, name } = laneOf(lane).credential as { from: string; name?: string }
  return from === 'capture' ? `{{${name}}}` : ''
}

function partsOf(input: LoadedScenario['input']) {
  const phases = (input.phases ?? []).map((part, i) => ({ part, at: ['phases', i] as Path }))
  return [{ part: input, at: [] as Path }, ...phases]
}
