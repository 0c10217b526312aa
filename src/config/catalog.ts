// Every lane and shape of a config by name. Scenarios may define them where they use them, so the
// same name comes up many times; it must mean one thing.

import { isDeepStrictEqual } from 'node:util'
import { nearest } from '../core/text.ts'
import type { Lane } from '../load/lanes.ts'
import type { RequestShape } from '../load/shapes.ts'
import { type LaneInput, laneOf } from './laneInput.ts'
import {
  type LoadedConfig,
  type LoadedScenario,
  type Place,
  placeLine,
  placeText,
} from './loaded.ts'
import type { LaneRefInput, MixEntryInput } from './scenarioInput.ts'
import { type ShapeInput, shapeOf } from './shapeInput.ts'
import { stepInputs } from './stepInput.ts'
import type { Path } from './values.ts'

export interface Catalog {
  readonly lanes: ReadonlyMap<string, Lane>
  readonly shapes: ReadonlyMap<string, RequestShape>
}

/** The lane of those who name none: it sends no credential. */
export const anonymousLane = 'default'

/** Model of shapes that name none, where the config names none either. */
export const defaultModel = 'limitscope-small'

/** Lanes and shapes by name, and what is wrong with names. */
export function catalogOf(loaded: LoadedConfig): {
  readonly catalog: Catalog
  readonly problems: readonly string[]
} {
  const { config } = loaded
  const model = config.model ?? defaultModel
  const lanes = collect('lane', laneMentions(loaded), laneOf)
  const shapes = collect('shape', shapeMentions(loaded), (input) => shapeOf(input, model))
  if (!lanes.entries.has(anonymousLane)) {
    lanes.entries.set(anonymousLane, laneOf({ name: anonymousLane }))
  }
  return {
    catalog: { lanes: lanes.entries, shapes: shapes.entries },
    problems: [...lanes.problems, ...shapes.problems],
  }
}

/** The shape of an entry of a mix, without its weight. */
export function shapeIn(entry: MixEntryInput): string | ShapeInput {
  return isWeighted(entry) ? entry[0] : entry
}

export function isWeighted(
  entry: MixEntryInput,
): entry is Extract<MixEntryInput, readonly unknown[]> {
  return Array.isArray(entry)
}

/** A lane or shape at a place: a name, or a definition. */
interface Mention<T> extends Place {
  readonly value: string | T
}

function collect<T extends { readonly name: string }, R extends { readonly name: string }>(
  what: string,
  mentions: readonly Mention<T>[],
  make: (input: T) => R,
): { readonly entries: Map<string, R>; readonly problems: readonly string[] } {
  const entries = new Map<string, R>()
  const firsts = new Map<string, Place>()
  const problems: string[] = []
  for (const { value, ...place } of mentions) {
    if (typeof value === 'string') continue
    const made = make(value)
    const known = entries.get(made.name)
    if (known === undefined) {
      entries.set(made.name, made)
      firsts.set(made.name, place)
    } else if (!isDeepStrictEqual(known, made)) {
      const first = firsts.get(made.name)!
      const where = placeText(first)
      const message = `expected the same ${what} '${made.name}' as in ${where}; rename one of them`
      problems.push(placeLine(place, { message, got: 'another one' }))
    }
  }
  for (const { value, ...place } of mentions) {
    if (typeof value !== 'string' || entries.has(value)) continue
    problems.push(placeLine(place, unknownName(what, value, [...entries.keys()])))
  }
  return { entries, problems }
}

function unknownName(what: string, name: string, known: readonly string[]) {
  const guess = nearest(name, known)
  const list = known.length === 0 ? `define it under ${what}s` : `known are ${known.join(', ')}`
  const hint = guess === undefined ? list : `did you mean '${guess}'?`
  return { message: `expected the name of a ${what}; ${hint}` }
}

function laneMentions({ config, source, scenarios }: LoadedConfig): Mention<LaneInput>[] {
  const defined = (config.lanes ?? []).map((value, i) => ({ value, source, path: ['lanes', i] }))
  return [...defined, ...scenarios.flatMap((scenario) => inScenario(scenario, lanesAt))]
}

function shapeMentions({ config, source, scenarios }: LoadedConfig): Mention<ShapeInput>[] {
  const defined = (config.shapes ?? []).map((value, i) => ({ value, source, path: ['shapes', i] }))
  return [...defined, ...scenarios.flatMap((scenario) => inScenario(scenario, shapesAt))]
}

/** What a scenario or one of its phases mentions, with paths from there. */
type MentionsAt<T> = (
  part: {
    readonly lanes?: readonly LaneRefInput[] | undefined
    readonly mix?: readonly MixEntryInput[] | undefined
  } & Parameters<typeof stepInputs>[0],
) => readonly { readonly value: string | T; readonly path: Path }[]

function inScenario<T>(
  { input, source, path }: LoadedScenario,
  mentionsAt: MentionsAt<T>,
): Mention<T>[] {
  const parts = [
    { part: input, at: path },
    ...(input.phases ?? []).map((part, i) => ({ part, at: [...path, 'phases', i] })),
  ]
  return parts.flatMap(({ part, at }) =>
    mentionsAt(part).map((mention) => ({ ...mention, source, path: [...at, ...mention.path] })),
  )
}

const lanesAt: MentionsAt<LaneInput> = (part) => [
  ...(part.lanes ?? []).map((value, i) => ({ value, path: ['lanes', i] })),
  ...stepInputs(part).flatMap(({ step, path }) =>
    step.lane === undefined ? [] : [{ value: step.lane, path: [...path, 'lane'] }],
  ),
]

const shapesAt: MentionsAt<ShapeInput> = ({ mix = [] }) =>
  mix.map((entry, i) => ({
    value: shapeIn(entry),
    path: isWeighted(entry) ? ['mix', i, 0] : ['mix', i],
  }))
