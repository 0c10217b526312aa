// The JSON Schema of configs, for editors and for those who write YAML: schema/config.schema.json.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { packagePath } from '../core/package.ts'
import { arrivalsSchema } from './arrivalsInput.ts'
import { headers } from './fields.ts'
import { credentialSchema, laneSchema } from './laneInput.ts'
import { limitersSchema } from './limiterInput.ts'
import { ruleSchema } from './ruleInput.ts'
import { scenarioSchema } from './scenarioInput.ts'
import { configSchema } from './schema.ts'
import { shapeSchema } from './shapeInput.ts'
import { checkSchema, stepSchema } from './stepInput.ts'
import { stopRuleSchema } from './stopInput.ts'

/** Where the schema is published from. */
export const schemaPath = join(packagePath, 'schema', 'config.schema.json')

/** Parts that are used in many places, by the name they have in the schema. */
const parts = {
  arrivals: arrivalsSchema,
  check: checkSchema,
  credential: credentialSchema,
  headers,
  lane: laneSchema,
  limiters: limitersSchema,
  rule: ruleSchema,
  scenario: scenarioSchema,
  shape: shapeSchema,
  step: stepSchema,
  stopRule: stopRuleSchema,
}

/** The text of the schema file. */
export function jsonSchemaText(): string {
  for (const [id, part] of Object.entries(parts)) {
    z.globalRegistry.add(part, { ...z.globalRegistry.get(part), id })
  }
  const schema = z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' })
  return `${formatted({ title: 'limitscope config', ...schema }, '')}\n`
}

/** Writes the schema file; run it after a change of the config schema. */
export function writeJsonSchema(path = schemaPath): void {
  writeFileSync(path, jsonSchemaText())
}

/** JSON as the formatter of this project writes it: lists that fit stay on one line. */
function formatted(value: unknown, indent: string, used = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const deeper = `${indent}  `
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
    const isFlat = value.every((item) => typeof item !== 'object')
    if (isFlat && indent.length + used + flat.length <= columnsMax) return flat
    const items = value.map((item) => deeper + formatted(item, deeper))
    return `[\n${items.join(',\n')}\n${indent}]`
  }
  const entries = Object.entries(value)
  if (entries.length === 0) return '{}'
  const lines = entries.map(([key, item]) => {
    const head = `${JSON.stringify(key)}: `
    return deeper + head + formatted(item, deeper, head.length + 1)
  })
  return `{\n${lines.join(',\n')}\n${indent}}`
}

const columnsMax = 100
