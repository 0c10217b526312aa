// The folder of a capacity search: what it is made of, and its steps as they are made, so that it can
// be resumed after anything.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StepObservation } from '../capacity/search/observation.ts'
import type { Move, SearchOptions } from '../capacity/search/search.ts'
import type { CountedCriterion } from '../capacity/search/stepFold.ts'
import { messageOf, UserError } from '../core/errors.ts'
import type { Micros } from '../core/units.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import type { Plan } from '../load/plan.ts'
import { writeWhole } from '../recording/runFolder.ts'

export const searchSchema = 'limitscope.search/1'

/** Everything that a search follows from but the answers of its target. */
export interface StoredSearch {
  readonly schema: typeof searchSchema
  readonly name: string
  readonly plan: Plan
  readonly gateway: GatewaySpec | null
  readonly criteria: readonly CountedCriterion[]
  readonly options: Omit<SearchOptions, 'criteria'>
  readonly warmupUs: Micros
  readonly coolDownUs: Micros
}

export interface StoredStep {
  readonly move: Move
  readonly observation: StepObservation
}

const searchName = 'search.json'
const stepsName = 'steps.jsonl'

export function storeSearch(folder: string, search: StoredSearch): void {
  writeWhole(join(folder, searchName), `${JSON.stringify(search, null, 2)}\n`)
}

/** Steps that ended by themselves; a step that was interrupted is made again. */
export function storeStep(folder: string, step: StoredStep): void {
  if (step.observation.end !== 'completed') return
  appendFileSync(join(folder, stepsName), `${JSON.stringify(step)}\n`, { mode: 0o600 })
}

/** Throws `UserError` where there is no search to resume. */
export function loadSearch(folder: string): StoredSearch {
  const path = join(folder, searchName)
  if (!existsSync(path)) {
    const message = `--resume: expected the folder of a capacity search, got '${folder}', which has no ${searchName}`
    throw new UserError('usage', message)
  }
  try {
    const search = JSON.parse(readFileSync(path, 'utf8')) as StoredSearch
    if (search.schema === searchSchema) return search
    throw new Error(`expected schema '${searchSchema}', got '${search.schema}'`)
  } catch (error) {
    throw new UserError('usage', `--resume: ${path}: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * The steps up to the first line that is not whole: a kill may have cut the last one off. What follows
 * is removed, so that further steps can be added.
 */
export function loadSteps(folder: string): StoredStep[] {
  const path = join(folder, stepsName)
  if (!existsSync(path)) return []
  const steps: StoredStep[] = []
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    try {
      steps.push(JSON.parse(line) as StoredStep)
    } catch {
      break
    }
  }
  writeWhole(path, steps.map((step) => `${JSON.stringify(step)}\n`).join(''))
  return steps
}
