// What a pack says where its target is not what it should be: one clear line each.

import { beforeAll, expect, test } from 'vitest'
import type { ScenarioInput } from '../../config/schema.ts'
import { runPack } from '../../testing/packRun.ts'
import { packOf } from '../../testing/packs.ts'

let scenarios: readonly ScenarioInput[] = []

beforeAll(async () => {
  scenarios = await packOf('maas')
})

const redOf = async (words: string[], gateway: Readonly<Record<string, unknown>>) => {
  const { red } = await runPack({ scenarios, words, profile: 'embedded', gateway })
  return red
}

test('a model that is not in the catalogue ends its scenario before any load', async () => {
  const knobs = { MODEL_NAME: 'another/model' }
  const [first, ...others] = await redOf(['maas/request-burst'], { knobs })
  expect(first).toBe(
    'maas/request-burst › discover: /data[id = {{model}}]/url matches ^https?://: failed; nothing',
  )
  expect(others[0]).toBe('maas/request-burst › discover: gives model_url: failed; nothing there')
  expect(others.slice(1).every((line) => line.endsWith('step discover failed'))).toBe(true)
})

test.each([
  ['hang', 'no complete answer within 90000 ms'],
  ['truncate', 'closed by the server'],
  ['garbage', 'the answer is no HTTP'],
])('a stream that comes to nothing (%s) is told as what it was', async (kind, told) => {
  const red = await redOf(['maas/streaming'], { faults: [{ kind, share: 1, status: 500 }] })
  expect(red[0]).toBe(`maas/streaming › stream: status == 200: failed; ${told}`)
})

test('an error page instead of JSON is told with its beginning', async () => {
  const red = await redOf(['maas/smoke'], { faults: [{ kind: 'status', share: 1, status: 503 }] })
  expect(red[1]).toMatch(
    /chat: \/choices.* has a length >= 1: failed; nothing \(status 503: \{"error"/,
  )
})
