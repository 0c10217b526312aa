// For tests: the scenarios of each pack, as its files export them.

import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { looksLikeScenario } from '../config/scenarioInput.ts'
import type { ScenarioInput } from '../config/schema.ts'

// As short as every quantile that is asked for allows.
process.env.LOADTEST_SCALE = '0.03'

const folder = join(import.meta.dirname, '../../scenarios')

/** Every scenario in scenarios/<name>/. */
export async function packOf(name: string): Promise<readonly ScenarioInput[]> {
  const paths = globSync('*.ts', { cwd: join(folder, name) }).sort()
  const modules = await Promise.all(
    paths.map((path) => import(join(folder, name, path)) as Promise<Record<string, unknown>>),
  )
  return modules.flatMap((exports) => Object.values(exports).flat()).filter(isScenario)
}

/** Packs: folders of scenarios. */
export function packNames(): readonly string[] {
  return [...new Set(globSync('*/*.ts', { cwd: folder }).map((path) => dirname(path)))].sort()
}

function isScenario(value: unknown): value is ScenarioInput {
  return looksLikeScenario(value) && typeof (value as ScenarioInput).name === 'string'
}
