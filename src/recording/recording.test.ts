import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { HistogramLogReader } from 'hdr-histogram-js'
import { describe, expect, test } from 'vitest'
import { LatencyHistogram } from '../core/histogram.ts'
import { LatencyCounts, latencyUsMax } from '../core/latencyCounts.ts'
import { emptyCounts, outcomes, type RequestRecord } from '../core/record.ts'
import { RingReader, RingWriter, ringMemory } from '../core/rowRing.ts'
import { presets } from '../gateway/presets.ts'
import { fixedWindow, limiter } from '../limiters/models.ts'
import { declaredBy, phase, plan, scenario } from '../testing/simulate.ts'
import { CsvFile } from './csv.ts'
import { FindingsFold, observedLimitOf, observedWindowUsOf, overshootOf } from './findings.ts'
import { RunFolds } from './folds.ts'
import { type Interval, IntervalFold } from './intervals.ts'
import { LiveFold } from './live.ts'
import { RunRecorder } from './recorder.ts'
import { createRunFolder, runIdOf } from './runFolder.ts'
import { addCounts, SeriesFold } from './series.ts'
import { type Slice, SliceFold } from './slice.ts'

const record = (changes: Partial<RequestRecord>): RequestRecord => ({
  seq: 1,
  scenario: 's',
  phase: 'p',
  lane: 'free',
  shape: 'cheap',
  intendedUs: 0,
  sentUs: 0,
  firstByteUs: 10,
  firstTokenUs: null,
  endUs: 20,
  inFlight: 0,
  outcome: 'ok',
  status: 200,
  limiter: null,
  confidence: null,
  retryAfterUs: null,
  promptTokens: 8,
  completionTokens: 16,
  usageSource: 'body',
  bytesIn: 100,
  error: null,
  stage: 'measure',
  ...changes,
})

const limited = (changes: Partial<RequestRecord>) =>
  record({
    outcome: 'limited',
    status: 429,
    limiter: 'requests',
    confidence: 'inferred',
    promptTokens: null,
    completionTokens: null,
    ...changes,
  })

const anyRecord: fc.Arbitrary<RequestRecord> = fc
  .record({
    seq: fc.nat(),
    shape: fc.constantFrom('cheap', 'expensive'),
    lane: fc.constantFrom('free', 'premium'),
    outcome: fc.constantFrom(...outcomes),
    sentUs: fc.nat(1e9),
    serviceUs: fc.nat(1e7),
    firstTokenUs: fc.option(fc.nat(1e9)),
    error: fc.option(fc.string()),
    retryAfterUs: fc.option(fc.nat(1e9)),
  })
  .map(({ serviceUs, ...some }) =>
    record({ ...some, intendedUs: some.sentUs, endUs: some.sentUs + serviceUs }),
  )

/** The slices of records, cut besides after every record that `isCut` says. */
function slicesOf(records: readonly RequestRecord[], isCut = (_i: number) => false): Slice[] {
  const slices: Slice[] = []
  const fold = new SliceFold((slice) => slices.push(structuredClone(slice)))
  for (const [i, one] of records.entries()) {
    fold.add(one)
    if (isCut(i)) fold.cut()
  }
  fold.cut()
  return slices
}

function seriesOf(slices: readonly Slice[]): SeriesFold {
  const fold = new SeriesFold()
  for (const slice of slices) for (const cut of slice.series) fold.add(cut)
  return fold
}

test('counts on the hot path say what an HDR histogram says', () => {
  const spans = fc.array(fc.oneof(fc.nat(3000), fc.nat(2e6), fc.nat(latencyUsMax)), {
    maxLength: 200,
  })
  fc.assert(
    fc.property(fc.array(spans, { maxLength: 3 }), (parts) => {
      const direct = new LatencyHistogram()
      const merged = new LatencyHistogram()
      const counts = new LatencyCounts()
      for (const part of parts) {
        for (const us of part) {
          direct.record(us)
          counts.record(us)
        }
        const cut = counts.cut()
        if (cut !== null) addCounts(merged, structuredClone(cut))
      }
      expect(merged.encode()).toBe(direct.encode())
      expect([merged.count, merged.minUs, merged.maxUs]).toEqual([
        direct.count,
        direct.minUs,
        direct.maxUs,
      ])
      const whole = new LatencyCounts()
      for (const us of parts.flat()) whole.record(us)
      for (const q of [0, 0.5, 0.99, 1]) {
        expect(merged.quantile(q)).toBe(direct.quantile(q))
        expect(whole.quantile(q)).toBe(direct.quantile(q))
      }
      direct.destroy()
      merged.destroy()
    }),
    { numRuns: 50 },
  )
})

describe('series', () => {
  const facts = (fold: SeriesFold) =>
    fold
      .all()
      .map((series) => ({
        ...series.names,
        count: series.count,
        tokens: series.completionTokens,
        response: series.histogram('response')?.encode(),
        max: series.histogram('response')?.maxUs,
        ttft: series.histogram('ttft')?.encode(),
      }))
      .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))

  test('of the whole are the merge of those of its parts', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 60 }), fc.array(fc.nat(60)), (records, cuts) => {
        const whole = seriesOf(slicesOf(records))
        const parts = seriesOf(slicesOf(records, (i) => cuts.includes(i)))
        expect(facts(parts)).toEqual(facts(whole))
        const all = whole.all().reduce((sum, { count }) => sum + count, 0)
        expect(all).toBe(records.length)
        for (const fold of [whole, parts]) fold.clear()
      }),
      { numRuns: 30 },
    )
  })

  test('never mix outcomes: a quick rejection does not improve the latency of OK answers', () => {
    const quick = Array.from({ length: 100 }, () => limited({ endUs: 5 }))
    const slow = Array.from({ length: 100 }, () => record({ endUs: 50_000 }))
    const fold = seriesOf(slicesOf([...quick, ...slow]))
    const ok = fold.all().find(({ names }) => names.outcome === 'ok')!
    expect(ok.histogram('response')!.quantile(0.5)).toBe(50_000)
    fold.clear()
  })

  test('are bounded in number, however many names there are', () => {
    const records = Array.from({ length: 1000 }, (_, i) => record({ shape: `shape-${i}` }))
    const fold = seriesOf(slicesOf(records))
    expect(fold.all().length).toBeLessThanOrEqual(201)
    expect(fold.all().reduce((sum, { count }) => sum + count, 0)).toBe(1000)
    fold.clear()
  })
})

describe('intervals', () => {
  const rows = (records: readonly RequestRecord[], everyUs: number) => {
    const sealed: { startUs: number; count: number }[] = []
    const fold = new IntervalFold(({ startUs, series }: Interval) => {
      sealed.push({ startUs, count: series.count })
    })
    for (const slice of slicesOf(records)) {
      fold.add(slice)
      fold.advance(Math.floor(slice.startUs / everyUs) * everyUs)
    }
    fold.close()
    return sealed
  }

  test('hold every record once, in the second in which it ended', () => {
    const records = Array.from({ length: 50 }, (_, i) => record({ endUs: i * 100_000 }))
    expect(rows(records, 1e5)).toEqual(
      [0, 1, 2, 3, 4].map((second) => ({ startUs: second * 1e6, count: 10 })),
    )
  })

  test('take late records into the oldest second that is still open', () => {
    const late = [record({ endUs: 100 }), record({ endUs: 5e6 }), record({ endUs: 200 })]
    expect(rows(late, 1e5).reduce((sum, { count }) => sum + count, 0)).toBe(3)
  })
})

describe('findings', () => {
  const kuadrant = presets.kuadrant!
  const ofPlan = plan({
    limiters: declaredBy(kuadrant),
    scenarios: [scenario('s', phase({ name: 'p' }), phase({ name: 'q', isolate: 'window' }))],
  })
  const findings = (records: readonly RequestRecord[], of = ofPlan) => {
    const fold = new FindingsFold(of)
    for (const one of records) fold.add(one)
    return fold.all()
  }

  test('say what was admitted before the first rejection', () => {
    const ok = Array.from({ length: 40 }, (_, i) =>
      record({ seq: i + 1, sentUs: i * 100, endUs: i * 100 + 50 }),
    )
    const rejected = limited({ seq: 41, sentUs: 4000, endUs: 4010 })
    const [first] = findings([...ok, rejected, limited({ seq: 42, sentUs: 4100, endUs: 4110 })])
    expect(first).toMatchObject({
      limiter: 'requests',
      rejections: 2,
      first: { seq: 41, us: 4010 },
    })
    expect(first!.first!.admitted).toEqual({
      requestsMin: 40,
      requestsMax: 40,
      tokensMin: 40 * 24,
      tokensMax: 40 * 24,
    })
  })

  test('bracket it when requests overlap', () => {
    const [first] = findings([
      record({ seq: 1, sentUs: 0, endUs: 100 }),
      limited({ seq: 4, sentUs: 150, endUs: 160 }),
      // Under way when the rejection was, ended later: it may have been admitted before.
      record({ seq: 2, sentUs: 50, endUs: 300 }),
      record({ seq: 5, sentUs: 155, endUs: 400 }),
      // Sent after the rejection was known: it was not.
      record({ seq: 6, sentUs: 161, endUs: 500 }),
    ])
    expect(first!.first!.admitted).toMatchObject({ requestsMin: 1, requestsMax: 3 })
  })

  test('bracket it as a count over all records does, in requests and tokens', () => {
    const flights = fc.array(fc.tuple(fc.nat(500), fc.nat(300), fc.nat(90)), { maxLength: 60 })
    fc.assert(
      fc.property(flights, fc.nat(500), fc.nat(300), (others, sentUs, tookUs) => {
        const admitted = others.map(([at, took, promptTokens], i) =>
          record({ seq: i + 2, sentUs: at, endUs: at + took, promptTokens, completionTokens: 1 }),
        )
        const rejected = limited({ seq: 1, sentUs, endUs: sentUs + tookUs })
        const all = [...admitted, rejected].sort((a, b) => a.endUs! - b.endUs!)
        const sums = (some: readonly RequestRecord[]) =>
          some.reduce((sum, { promptTokens }) => sum + promptTokens! + 1, 0)
        const before = admitted.filter(({ endUs }) => endUs! <= sentUs)
        const maybe = admitted.filter(
          (one) => one.endUs! <= sentUs || one.sentUs! <= sentUs + tookUs,
        )
        expect(findings(all)[0]!.first!.admitted).toEqual({
          requestsMin: before.length,
          requestsMax: maybe.length,
          tokensMin: sums(before),
          tokensMax: sums(maybe),
        })
      }),
    )
  })

  test('bracket it after more requests than are kept', () => {
    const count = 70_000
    const admitted = Array.from({ length: count }, (_, i) =>
      record({ seq: i + 2, sentUs: i, endUs: i + 1, promptTokens: 2, completionTokens: 1 }),
    )
    const rejected = limited({ seq: 1, sentUs: count - 10, endUs: count })
    expect(findings([...admitted, rejected])[0]!.first!.admitted).toEqual({
      requestsMin: count - 10,
      requestsMax: count,
      tokensMin: 3 * (count - 10),
      tokensMax: 3 * count,
    })
  })

  test('take the rejection that was sent first, though a later one was answered before', () => {
    const [first] = findings([
      record({ seq: 1, sentUs: 0, endUs: 10 }),
      limited({ seq: 3, sentUs: 30, endUs: 40 }),
      record({ seq: 9, sentUs: 5, endUs: 45 }),
      limited({ seq: 2, sentUs: 20, endUs: 50 }),
    ])
    expect(first!.first).toMatchObject({ seq: 2, admitted: { requestsMin: 1, requestsMax: 2 } })
  })

  test('measure recovery from the rejection to the first request admitted after it', () => {
    const [first] = findings([
      record({ seq: 1, sentUs: 1000, endUs: 1100 }),
      limited({ seq: 2, sentUs: 2000, endUs: 2010 }),
      limited({ seq: 3, sentUs: 5000, endUs: 5010 }),
      record({ seq: 4, sentUs: 11_000, endUs: 11_100 }),
    ])
    expect(first!.first).toMatchObject({ recoveredAfterUs: 11_000 - 2010, windowUs: 10_000 })
  })

  test('start counting anew with an isolated phase', () => {
    const all = findings([
      record({ seq: 1, phase: 'p', endUs: 10 }),
      record({ seq: 2, phase: 'q', sentUs: 100, endUs: 110 }),
      limited({ seq: 3, phase: 'q', sentUs: 120, endUs: 130 }),
    ])
    expect(all[0]!.first!.admitted.requestsMin).toBe(1)
  })

  test('say nothing of a limit that was met only windows later', () => {
    const model = limiter(fixedWindow(2, 10e6))
    const declared = plan({ limiters: [{ name: 'requests', tier: null, model }] })
    const firstAfter = (startUs: number) => {
      const at = (us: number) => ({ sentUs: us, endUs: us + 10 })
      const [first] = findings(
        [
          record(at(0)),
          record({ seq: 2, ...at(startUs) }),
          limited({ seq: 3, ...at(startUs + 1e6) }),
          record({ seq: 4, ...at(startUs + 10e6) }),
        ],
        declared,
      )
      const of = first!
      return [overshootOf(of), observedLimitOf(of), observedWindowUsOf(of)]
    }
    expect(firstAfter(1e6)).toEqual([0, 2, 11e6])
    expect(firstAfter(50e6)).toEqual([null, null, null])
  })

  test('name the declared limiters that never fired', () => {
    const all = findings([record({}), limited({ seq: 2, sentUs: 30, endUs: 40 })])
    expect(all.map(({ limiter, rejections }) => [limiter, rejections])).toEqual([
      ['requests', 1],
      ['tokens', 0],
    ])
  })
})

describe('files', () => {
  const folder = () => createRunFolder(mkdtempSync(join(tmpdir(), 'limitscope-')), 'run')

  test('a run folder is never overwritten, and its name is safe', () => {
    const root = mkdtempSync(join(tmpdir(), 'limitscope-'))
    createRunFolder(root, 'run')
    expect(() => createRunFolder(root, 'run')).toThrow(/exists already/)
    for (const name of ['../x', '', 'a/b', '.x'])
      expect(() => createRunFolder(root, name)).toThrow()
    expect(runIdOf(Date.UTC(2026, 10, 20, 18, 5, 9), 'many cheap/x')).toBe(
      '2026-11-20T18-05-09Z-many-cheap-x',
    )
    expect(runIdOf(Date.UTC(2026, 10, 20, 18, 5, 9), 'maas/*')).toBe('2026-11-20T18-05-09Z-maas')
  })

  test('a results folder that cannot be made says where and what to do', () => {
    const root = mkdtempSync(join(tmpdir(), 'limitscope-'))
    writeFileSync(join(root, 'file'), '')
    expect(() => createRunFolder(join(root, 'file'), 'run')).toThrow(/choose a writable --out/)
  })

  test('CSV cells are quoted, defused and empty where nothing is known', async () => {
    const { file } = folder()
    const csv = new CsvFile(file('x.csv'), ['a', 'b', 'c', 'd'], () => {})
    csv.write(['=cmd()', 'say "hi", you', null, -5])
    csv.write([' |x', 'line\nbreak', Number.NaN, 0.25])
    await csv.close()
    const text = readFileSync(file('x.csv'), 'utf8')
    expect(text.split('\n')).toHaveLength(4)
    expect(parse(text)).toEqual([
      ['a', 'b', 'c', 'd'],
      ["'=cmd()", 'say "hi", you', '', '-5'],
      ["'|x", 'line break', '', '0.25'],
    ])
  })

  test('a recorder writes every record, the intervals, the events and a readable .hlog', async () => {
    const run = folder()
    const events: string[] = []
    const own = plan({ limiters: declaredBy(presets.kuadrant!), scenarios: [scenario('s')] })
    const recorder = new RunRecorder({
      plan: own,
      folder: run,
      startedMs: 1_000_000,
      redact: (text) => text.replaceAll('s3cret', '***'),
      hasRows: true,
      hasJournal: true,
      onWriteError: (error) => {
        throw error
      },
      onEvent: ({ kind }) => events.push(kind),
    })
    const folds = new RunFolds(own, {
      slice: (slice) => recorder.slice(slice),
      event: (event) => recorder.event(event),
    })
    const ring = ringMemory()
    const writer = new RingWriter(ring)
    const reader = new RingReader(ring)
    const records = Array.from({ length: 100 }, (_, i) =>
      record({ seq: i + 1, sentUs: i * 1e5, intendedUs: i * 1e5, endUs: i * 1e5 + 5e4 }),
    )
    const last = { seq: 101, sentUs: 1e7, intendedUs: 1e7, endUs: 1e7 + 10, retryAfterUs: 1500 }
    for (const one of [...records, limited(last)]) {
      folds.record(one)
      writer.write(one)
    }
    const { rows, texts } = writer.cut()
    recorder.rows({ source: 0, texts, rows: reader.take(rows) })
    folds.event({
      us: 1,
      kind: 'warning',
      scenario: null,
      phase: null,
      text: 'key s3cret',
      data: {},
    })
    await recorder.close()
    const read = (name: string) =>
      parse(readFileSync(run.file(name), 'utf8'), { columns: true }) as Record<string, string>[]
    const requests = read('requests.csv')
    expect(requests).toHaveLength(101)
    expect(Object.keys(requests[0]!).slice(0, 3)).toEqual(['run_id', 'seq', 'scenario'])
    expect(requests[100]).toMatchObject({ limiter: 'requests', retry_after_ms: '1.5', error: '' })
    const intervals = read('intervals.csv')
    expect(intervals.reduce((sum, { count }) => sum + Number(count), 0)).toBe(101)
    const log = readFileSync(run.file('events.jsonl'), 'utf8')
    expect(log).toContain('first-rejection')
    expect(log).not.toContain('s3cret')
    expect(events).toContain('first-rejection')
    const hlog = new HistogramLogReader(readFileSync(run.file('latency.hlog'), 'utf8'))
    let samples = 0
    for (let next = hlog.nextIntervalHistogram(); next; next = hlog.nextIntervalHistogram()) {
      samples += (next as { totalCount: number }).totalCount
    }
    expect(samples).toBe(101)
  })
})

test('the live view shows the scenario under way and keeps rejections apart', () => {
  const live = new LiveFold({ runId: 'r', target: 't', scenarios: ['s', 'u'] })
  const fold = new SliceFold((slice) => live.slice(slice))
  for (let i = 0; i < 10; i++) fold.add(record({ seq: i, endUs: 30_000 }))
  fold.add(limited({ seq: 11, sentUs: 40_000, endUs: 40_100, retryAfterUs: 5e6 }))
  fold.cut()
  const health = { verdict: 'VALID', reasons: [], lagP99Us: null, loopDelayP99Us: null } as const
  const first = live.snapshot(health)
  expect(first.ok.count).toBe(10)
  expect(first.limited.count).toBe(1)
  expect(first.limiters[0]).toMatchObject({ limiter: 'requests', rejections: 1, isClosed: true })
  expect(first.counts).toEqual({ ...emptyCounts(), ok: 10, limited: 1 })
  expect(first.scenarios.map(({ state }) => state)).toEqual(['now', 'next'])
  fold.add(record({ scenario: 'u', endUs: 60_000 }))
  fold.cut()
  const second = live.snapshot(health)
  expect(second.ok.count).toBe(1)
  expect(second.limiters).toEqual([])
  expect(second.scenarios.map(({ state }) => state)).toEqual(['done', 'now'])
})
