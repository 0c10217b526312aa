// What loading a config gives: what users wrote, checked, and where it was written.

import { problemLine } from './problems.ts'
import type { ScenarioInput } from './scenarioInput.ts'
import type { ConfigInput } from './schema.ts'
import type { Problem, Source } from './source.ts'
import { type Path, pathText } from './values.ts'

/** A config that is right in itself. */
export type CheckedConfig = ConfigInput & { readonly results: string }

/** A place in a document. */
export interface Place {
  readonly source: Source
  readonly path: Path
}

export interface LoadedScenario extends Place {
  readonly input: ScenarioInput
}

export interface LoadedConfig {
  readonly config: CheckedConfig
  /** The document of the config itself. */
  readonly source: Source
  /** All scenarios: first those of the config, then those of files, by name of the file. */
  readonly scenarios: readonly LoadedScenario[]
  readonly warnings: readonly string[]
}

/** One line about what is wrong at a place. */
export function placeLine({ source, path }: Place, problem: Omit<Problem, 'path'>): string {
  return problemLine({ path, ...problem }, source)
}

/** 'bench.config.yaml:3:5, lanes[0]' */
export function placeText({ source, path }: Place): string {
  const text = pathText(path)
  return `${source.name}${source.positionOf(path)}${text === '' ? '' : `, ${text}`}`
}
