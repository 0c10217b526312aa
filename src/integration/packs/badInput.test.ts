// What a pack says where its target is not what it should be, in virtual time: the check that fails, one
// line for the answer, and everything that then was not looked at as open.

import { beforeAll, expect, test } from 'vitest'
import type { ScenarioInput } from '../../config/schema.ts'
import { runPack } from '../../testing/packRun.ts'
import { packOf } from '../../testing/packs.ts'

let scenarios: readonly ScenarioInput[] = []

beforeAll(async () => {
  scenarios = await packOf('maas')
})

async function redOf(words: string[], gateway: Readonly<Record<string, unknown>>) {
  const { red } = await runPack({ scenarios, words, profile: 'embedded', gateway })
  return {
    failed: red.filter((line) => line.includes(': failed; ')),
    open: red.filter((line) => line.includes(': inconclusive; ')),
  }
}

test('a model that is not in the catalogue ends its scenario before any load', async () => {
  const knobs = { MODEL_NAME: 'another/model' }
  const { failed, open } = await redOf(['maas/request-burst'], { knobs })
  expect(failed).toEqual([
    'maas/request-burst › discover: /data[id = {{model}}]/url matches ^https?://: failed; no entry has id "facebook/opt-125m", only "another/model"',
  ])
  expect(open[0]).toBe(
    'maas/request-burst › discover: gives model_url: inconclusive; the same answer',
  )
  expect(open.slice(1).every((line) => line.endsWith('step discover failed'))).toBe(true)
})

test.each([
  ['hang', 'status == 200', 'no complete answer within 90000 ms'],
  ['garbage', 'status == 200', 'the answer is no HTTP'],
  // Head and text were there: what is missing is the end.
  ['truncate', 'stream last == [DONE]', 'closed by the server'],
])('a stream that comes to nothing (%s) is told as what it was', async (kind, check, told) => {
  const faults = [{ kind, share: 1, status: 500 }]
  const { failed } = await redOf(['maas/streaming'], { faults })
  expect(failed).toEqual([`maas/streaming › stream: ${check}: failed; ${told}`])
})

test('an error page instead of JSON is told with its beginning', async () => {
  const faults = [{ kind: 'status', share: 1, status: 503 }]
  const { failed, open } = await redOf(['maas/smoke'], { faults })
  expect(failed).toEqual([
    expect.stringMatching(/^maas\/smoke › chat: status == 200: failed; status 503: \{"error"/),
  ])
  expect(open).toHaveLength(2)
})
