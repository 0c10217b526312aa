import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonSchemaText, schemaPath } from './jsonSchema.ts'

const remedy = `schema/config.schema.json is out of date; write it anew with
  node -e "import('./src/config/jsonSchema.ts').then((m) => m.writeJsonSchema())"`

test('the published JSON Schema is the one of this code', () => {
  const written = existsSync(schemaPath) ? readFileSync(schemaPath, 'utf8') : ''
  expect(written === jsonSchemaText(), remedy).toBe(true)
})

test('the JSON Schema describes every key of a config', () => {
  const { properties } = JSON.parse(jsonSchemaText()) as {
    properties: Record<string, { description?: string; $ref?: string; allOf?: unknown }>
  }
  const bare = Object.entries(properties).filter(
    ([, { description, $ref, allOf }]) => !description && !$ref && !allOf,
  )
  expect(bare.map(([key]) => key)).toEqual([])
})
