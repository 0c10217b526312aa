// The first promise of the tool: what it says about limiters is what the gateway decided.

import { afterAll, describe, expect, test } from 'vitest'
import { runCommand } from '../commands/run.ts'
import { type Workplace, workplace } from '../testing/commandIo.ts'

const scenario = (name: string, options: string) => `defineScenario('${name}', {
  lanes: [free], isolate: 'window', ${options} })`

/** The flagship scenarios with short windows, at a concurrency, answered in a dialect. */
const config = (concurrency: number, dialect: string) => `
import { defineConfig, defineScenario, forDuration, lane, shape, spaced, untilRejected } from 'limitscope'
const free = lane('free', { bearer: { from: 'env', name: 'FREE' }, tier: 'free' })
const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 16 })
const expensive = shape.chat('expensive', { promptTokens: 200, outputTokensMax: 400, stream: true })
const one = (gap) => spaced(gap, { concurrency: ${concurrency} })
export default defineConfig({
  target: 'gateway:kuadrant',
  gateway: {
    requests: '30/3s', tokens: '3000/3s', dialect: '${dialect}', ttft: '10ms', itl: '500us',
  },
  scenarios: [
    ${scenario('many-cheap', "mix: [cheap], arrivals: one('20ms'), until: untilRejected('requests', { plus: 20 })")},
    ${scenario('few-expensive', "mix: [expensive], arrivals: one('0ms'), until: untilRejected('tokens', { plus: 20 })")},
    ${scenario('both', "mix: [[cheap, 5], [expensive, 1]], arrivals: one('5ms'), until: forDuration('7s')")},
  ],
})
`

type Row = Record<string, string>

/** Sent and admitted, as the gateway has it, before it first denied by a limiter in a scenario. */
function truthOf(decisions: readonly Row[], scenarioSeqs: ReadonlySet<string>, limiter: string) {
  const own = decisions.filter(({ seq }) => scenarioSeqs.has(seq!))
  const denial = own.find((decision) => decision.limiter === limiter)
  if (denial === undefined) return null
  const before = own.filter(
    ({ us, outcome }) => outcome === 'allowed' && Number(us) < Number(denial.us),
  )
  const settled = before.filter(({ settled_us }) => Number(settled_us) <= Number(denial.us))
  const tokens = settled.reduce(
    (sum, row) => sum + Number(row.prompt_tokens) + Number(row.completion_tokens),
    0,
  )
  return { seq: Number(denial.seq), requests: before.length, tokens }
}

async function runAt(concurrency: number, dialect: string): Promise<Workplace> {
  const place = workplace()
  place.write('bench.config.ts', config(concurrency, dialect))
  expect(await runCommand([], { reporter: 'silent' }, place.io)).toBe(0)
  return place
}

const matrices: string[] = []

afterAll(() => {
  process.stdout.write(
    `\nattribution against the decision log (rows: truth, columns: said)\n${matrices.join('\n')}\n`,
  )
})

/**
 * Shares of rejections that have to be right, of those that can be known and of all: the first names no
 * limiter in them, the second does.
 */
const rightLeast: Record<string, { readonly known: number; readonly all: number }> = {
  kuadrant: { known: 0.99, all: 0.9 },
  ietf: { known: 1, all: 1 },
}

/**
 * The requests that came when nobody outside can know what the gateway does: a window begins when a
 * request comes, so where a machine that stalls holds one up for some time, the gateway may change its
 * mind as much later as it seems from outside.
 */
function undecidable(place: Workplace): ReadonlySet<string> {
  const requests = place.csv('requests.csv')
  const decisions = new Map(place.csv('decisions.csv').map((row) => [row.seq, row]))
  const perScenario = Map.groupBy(requests, ({ scenario }) => scenario)
  const seqs = [...perScenario.values()].flatMap((rows) => {
    const decided = rows
      .flatMap(({ seq, sent_us }) => {
        const { us, outcome, limiter } = decisions.get(seq!) ?? {}
        if (us === undefined) return []
        return [
          {
            seq: seq!,
            us: Number(us),
            delayUs: Number(us) - Number(sent_us),
            what: `${outcome} ${limiter}`,
          },
        ]
      })
      .sort((a, b) => a.us - b.us)
    const delayUs = Math.max(...decided.map((one) => one.delayUs))
    const changesUs = decided.filter(({ what }, i) => i > 0 && what !== decided[i - 1]!.what)
    const isNear = (us: number) => changesUs.some((change) => Math.abs(change.us - us) <= delayUs)
    return decided.filter(({ us }) => isNear(us)).map(({ seq }) => seq)
  })
  return new Set(seqs)
}

/**
 * Joins requests.csv with the decision log and keeps the matrix to print. What was said without doubt
 * has to be right, and everything that can be known from outside.
 */
function expectRight(place: Workplace, dialect: string, title: string): void {
  const truth = new Map(place.csv('decisions.csv').map(({ seq, limiter }) => [seq, limiter]))
  const unclear = undecidable(place)
  const cells = new Map<string, number>()
  const limited = place.csv('requests.csv').filter(({ outcome }) => outcome === 'limited')
  for (const { seq, limiter, limiter_confidence } of limited) {
    const key = `${truth.get(seq)} → ${limiter} (${limiter_confidence})`
    cells.set(key, (cells.get(key) ?? 0) + 1)
  }
  const isRight = ({ seq, limiter }: Row) => truth.get(seq!) === limiter
  const sure = limited.filter(({ limiter_confidence }) => limiter_confidence !== 'ambiguous')
  const hits = limited.filter(isRight).length
  const clear = limited.filter(({ seq }) => !unclear.has(seq!))
  const clearHits = clear.filter(isRight).length
  matrices.push(
    `  ${dialect}, ${title}: ${hits} of ${limited.length} right, ${clearHits} of the ${clear.length} that are clear`,
  )
  for (const [key, count] of [...cells].sort()) matrices.push(`    ${key}: ${count}`)
  const least = rightLeast[dialect]!
  expect(sure.filter(isRight).length / sure.length).toBeGreaterThanOrEqual(least.known)
  expect(clearHits / clear.length).toBeGreaterThanOrEqual(least.known)
  expect(hits / limited.length).toBeGreaterThanOrEqual(least.all)
}

/** Every row of limiters.csv beside the truth. */
function findings(place: Workplace) {
  const decisions = place.csv('decisions.csv')
  const requests = place.csv('requests.csv')
  return place
    .csv('limiters.csv')
    .filter(({ first_rejection_seq }) => first_rejection_seq !== '')
    .map((row) => {
      const seqs = new Set(
        requests.filter(({ scenario }) => scenario === row.scenario).map(({ seq }) => seq!),
      )
      return { row, truth: truthOf(decisions, seqs, row.limiter!) }
    })
}

/** Polling across windows may leave a limiter in doubt that never fired: then the row says so. */
function isGuess(row: Row, truth: unknown): boolean {
  return truth === null && row.scenario === 'both' && row.confidence === 'ambiguous'
}

describe.concurrent.each(Object.keys(rightLeast))('in the dialect of %s', (dialect) => {
  test('with one request in flight, limiters.csv equals the decision log', async () => {
    const place = await runAt(1, dialect)
    const found = findings(place)
    expect(found.map(({ row }) => `${row.scenario} ${row.limiter}`).slice(0, 2)).toEqual([
      'many-cheap requests',
      'few-expensive tokens',
    ])
    for (const { row, truth } of found) {
      if (isGuess(row, truth)) continue
      expect({
        seq: Number(row.first_rejection_seq),
        requests: Number(row.admitted_requests_before),
        tokens: Number(row.admitted_tokens_before),
      }).toEqual(truth)
    }
    expectRight(place, dialect, '1 in flight')
  })

  test('with eight in flight, limiters.csv brackets it, and attribution is right', async () => {
    const place = await runAt(8, dialect)
    for (const { row, truth } of findings(place)) {
      if (isGuess(row, truth)) continue
      expect(truth).not.toBe(null)
      expect(truth!.requests).toBeGreaterThanOrEqual(Number(row.admitted_requests_before))
      expect(truth!.requests).toBeLessThanOrEqual(Number(row.admitted_requests_before_max))
      expect(truth!.tokens).toBeGreaterThanOrEqual(Number(row.admitted_tokens_before))
      expect(truth!.tokens).toBeLessThanOrEqual(Number(row.admitted_tokens_before_max))
    }
    expectRight(place, dialect, '8 in flight')
  })
})
