// Finds, reads and checks a config with its scenarios. Every problem is told at once.

import { dirname } from 'node:path'
import { UserError } from '../core/errors.ts'
import { checkedLines, type FileDocument, type ReadOptions, readDocument } from './document.ts'
import { findConfig, findScenarioFiles, scenarioPattern } from './find.ts'
import type { LoadedConfig, LoadedScenario, Place } from './loaded.ts'
import { problemLine } from './problems.ts'
import { resolveProblems, withoutRepeated } from './resolve.ts'
import { looksLikeScenario, type ScenarioInput, scenarioSchema } from './scenarioInput.ts'
import { type ConfigInput, configSchema } from './schema.ts'
import { plainSource, type Source } from './source.ts'
import { valueAt } from './values.ts'

export type { LoadedConfig, LoadedScenario } from './loaded.ts'

export interface LoadOptions extends ReadOptions {
  /** The file; without it, `bench.config.*` or `limitscope.config.*` in `cwd`. */
  readonly configPath?: string | undefined
}

/** A config with its scenarios, those of files included; throws `UserError`. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { path, ignored } = findConfig(options.cwd, options.configPath)
  const document = await readDocument(path, options)
  const source = document.isModule ? defaultExport(document.source) : document.source
  const files = await readScenarioFiles(source, dirname(path), options)
  const problems = [...checkedLines(configSchema, source, []), ...files.problems]
  const warnings = ignored.map((name) => `${name} is not read: there is ${source.name}`)
  return loaded(source, files.scenarios, problems, warnings)
}

/** A config that code has made; throws `UserError`. */
export function configFromValue(value: unknown, name: string): LoadedConfig {
  const source = plainSource(name, value)
  return loaded(source, [], checkedLines(configSchema, source, []), [])
}

function loaded(
  source: Source,
  scenariosOfFiles: readonly Place[],
  problems: readonly string[],
  warnings: readonly string[],
): LoadedConfig {
  if (problems.length > 0) throw new UserError('config', problems.join('\n'))
  const config = source.value as ConfigInput
  const own = (config.scenarios ?? []).map((_, i) => ({ source, path: ['scenarios', i] }))
  const scenarios = [...own, ...scenariosOfFiles].map((place): LoadedScenario => {
    const input = valueAt(place.source.value, place.path) as ScenarioInput
    return { ...place, input }
  })
  const whole = {
    config: { ...config, results: config.results ?? 'results' },
    source,
    scenarios: withoutRepeated(scenarios),
    warnings,
  }
  const others = resolveProblems(whole)
  if (others.length > 0) throw new UserError('config', others.join('\n'))
  return whole
}

function defaultExport({ name, value }: Source): Source {
  if (Object.hasOwn(value as object, 'default')) {
    return plainSource(name, (value as { default: unknown }).default)
  }
  const message = `${name}: expected a default export, got none; write 'export default defineConfig({ … })'`
  throw new UserError('config', message)
}

interface ScenarioFiles {
  readonly scenarios: readonly Place[]
  readonly problems: readonly string[]
}

async function readScenarioFiles(
  source: Source,
  folder: string,
  options: ReadOptions,
): Promise<ScenarioFiles> {
  const given = valueAt(source.value, ['scenarioFiles'])
  const patterns = Array.isArray(given) ? given.filter((one) => typeof one === 'string') : undefined
  const problems: string[] = []
  const paths = (patterns ?? [scenarioPattern]).flatMap((pattern, i) => {
    const found = findScenarioFiles(folder, pattern)
    if (found.length === 0 && patterns !== undefined) {
      const message = 'expected a pattern that matches files; it is relative to the config'
      problems.push(problemLine({ path: ['scenarioFiles', i], message }, source))
    }
    return found
  })
  const scenarios: Place[] = []
  // One after the other: modules may share others, and messages keep the order of the files.
  for (const path of new Set(paths)) {
    try {
      const document = await readDocument(path, options)
      const places = scenariosIn(document)
      scenarios.push(...places)
      for (const place of places) {
        problems.push(...checkedLines(scenarioSchema, place.source, place.path))
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      problems.push(error.message)
    }
  }
  return { scenarios, problems }
}

/** Modules may export other things, too; a document is a scenario, or a list of them. */
function scenariosIn({ source, isModule }: FileDocument): readonly Place[] {
  if (!isModule) return listed(source, [])
  const exports = Object.entries(source.value as object)
  const places = exports.flatMap(([name, value]) =>
    name === 'default' ? listed(plainSource(source.name, value), []) : listed(source, [name]),
  )
  return places.filter((place) => looksLikeScenario(valueAt(place.source.value, place.path)))
}

function listed(source: Source, path: Place['path']): readonly Place[] {
  const value = valueAt(source.value, path)
  return Array.isArray(value)
    ? value.map((_, i) => ({ source, path: [...path, i] }))
    : [{ source, path }]
}
