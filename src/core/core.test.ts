import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sleepUntil, VirtualClock } from './clock.ts'
import { formatCount, formatRate, formatSpan } from './format.ts'
import { LatencyHistogram } from './histogram.ts'
import { latencyUsMax } from './latencyCounts.ts'
import { exponentialAt, gammaAt, normalAt, randomStream, uniformAt } from './random.ts'
import { realClock, shareWallAnchor, spunAwayUs, wallAnchor } from './realClock.ts'
import { exponentialDistance, median, sampleFloor, shareInterval } from './statistics.ts'
import { nearest, redactor, safeLine } from './text.ts'
import { durationText, parseDurationUs, parseRatePerS, UnitError } from './units.ts'

describe('the virtual clock', () => {
  test('runs timers in the order of their instants, then in the order they were set', () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    clock.at(20, () => ran.push('c'))
    clock.at(10, () => ran.push('a'))
    clock.at(10, () => ran.push('b'))
    clock.advanceTo(15)
    expect(ran).toEqual(['a', 'b'])
    expect(clock.nowUs()).toBe(15)
    clock.advanceTo(20)
    expect(ran).toEqual(['a', 'b', 'c'])
  })

  test('keeps order for any set of timers', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000)), (instants) => {
        const clock = new VirtualClock()
        const ran: number[] = []
        for (const us of instants) clock.at(us, () => ran.push(clock.nowUs()))
        clock.advanceTo(1000)
        expect(ran).toEqual([...instants].sort((a, b) => a - b))
      }),
    )
  })

  test('does not run what was cancelled', () => {
    const clock = new VirtualClock()
    let ran = false
    clock.at(5, () => {
      ran = true
    })()
    clock.advanceTo(10)
    expect(ran).toBe(false)
  })

  test('moves until work is done, and says when nothing can move it', async () => {
    const clock = new VirtualClock()
    await clock.run(sleepUntil(clock, 3_600_000_000))
    expect(clock.nowUs()).toBe(3_600_000_000)
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow(/stands still/)
  })

  test('moves in pieces until work is done, whose failure is told', async () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    for (const us of [3, 12, 25]) clock.at(us, () => seen.push(us))
    expect(
      await clock.runInPieces(
        sleepUntil(clock, 25).then(() => 'done'),
        10,
      ),
    ).toBe('done')
    expect([seen, clock.nowUs()]).toEqual([[3, 12, 25], 30])
    await expect(clock.runInPieces(Promise.reject(new Error('lost')), 10)).rejects.toThrow('lost')
  })

  test('an aborted sleep ends at once', async () => {
    const clock = new VirtualClock()
    const abort = new AbortController()
    clock.at(10, () => abort.abort())
    await clock.run(sleepUntil(clock, 1e9, abort.signal))
    expect(clock.nowUs()).toBe(10)
  })
})

describe('the real clock', () => {
  test.each([0, 1500])('is whole µs and never early (spinning over %s µs)', async (spinUs) => {
    const clock = realClock({ spinUs })
    for (let i = 0; i < 20; i++) {
      const us = clock.nowUs() + 500 + 137 * i
      await new Promise<void>((resolve) => clock.at(us, resolve))
      expect(clock.nowUs()).toBeGreaterThanOrEqual(us)
      expect(Number.isInteger(clock.nowUs())).toBe(true)
    }
  })

  test('looks at the sockets rarely while nothing is awaited, and knows how long it has spun', async () => {
    const clock = realClock({ spinUs: 50_000, isAwaiting: () => false })
    let looks = 0
    const look = () => {
      looks++
      looking = setImmediate(look)
    }
    let looking = setImmediate(look)
    const [spunUs, beganUs] = [spunAwayUs(), clock.nowUs()]
    await new Promise<void>((resolve) => clock.at(beganUs + 40_000, resolve))
    clearImmediate(looking)
    expect(looks).toBeLessThanOrEqual(40_000 / 100 + 1)
    expect(spunAwayUs() - spunUs).toBeGreaterThan(0)
    expect(spunAwayUs() - spunUs).toBeLessThanOrEqual(clock.nowUs() - beganUs)
  })

  test('runs instants that are near each other in their order, not in that in which they came', async () => {
    const clock = realClock({ spinUs: 50_000, isAwaiting: () => false })
    const baseUs = clock.nowUs() + 5000
    const ran: number[] = []
    const cancelled = clock.at(baseUs + 90, () => ran.push(90))
    const all = [7, 2, 9, 4, 0, 8, 1, 6, 3, 5].map((i) => {
      return new Promise<void>((resolve) => {
        clock.at(baseUs + 20 * i, () => {
          ran.push(20 * i)
          if (i === 2) cancelled()
          resolve()
        })
      })
    })
    // Of one instant, the first to come.
    const last = new Promise<void>((resolve) => {
      clock.at(baseUs + 180, () => {
        ran.push(1)
        resolve()
      })
    })
    await Promise.all([...all, last])
    expect(ran).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 1])
  })

  test('is CLOCK_MONOTONIC, which all threads share', () => {
    const anchor = wallAnchor()
    shareWallAnchor({ monotonicUs: 0, unixMs: 0 })
    const clock = realClock({ epochMs: 0 })
    shareWallAnchor(anchor)
    const hrtimeUs = () => Number(process.hrtime.bigint() / 1000n)
    for (let i = 0; i < 1000; i++) {
      const beforeUs = hrtimeUs()
      const us = clock.nowUs()
      // Either may be rounded.
      expect(us).toBeGreaterThanOrEqual(beforeUs - 2)
      expect(us).toBeLessThanOrEqual(hrtimeUs() + 2)
    }
  })

  test('runs nothing before at() returns, also when the instant passes meanwhile', () => {
    const clock = realClock()
    let early = 0
    for (let i = 0; i < 20_000; i++) {
      let isBack = false
      const cancel = clock.at(clock.nowUs() + (i % 3), () => {
        if (!isBack) early++
      })
      isBack = true
      cancel()
    }
    expect(early).toBe(0)
  })

  test('runs nothing before at() returns, also when the instant has passed', async () => {
    const clock = realClock()
    let ran = false
    clock.at(clock.nowUs() - 5, () => {
      ran = true
    })
    expect(ran).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(ran).toBe(true)
  })
})

describe('random streams', () => {
  const many = (draw: (i: number) => number) => Array.from({ length: 20_000 }, (_, i) => draw(i))
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

  test('are uniform, exponential, normal and gamma with the right moments', () => {
    const stream = randomStream(7, 'moments')
    const uniform = many((i) => uniformAt(stream, i))
    expect(mean(uniform)).toBeCloseTo(0.5, 1)
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
    expect(exponentialDistance(many((i) => exponentialAt(stream, i)))).toBeLessThan(0.02)
    const normal = many((i) => normalAt(stream, i))
    expect(mean(normal)).toBeCloseTo(0, 1)
    expect(mean(normal.map((x) => x * x))).toBeCloseTo(1, 1)
    for (const shape of [0.3, 1, 5]) {
      const gamma = many((i) => gammaAt(stream, i, shape))
      expect(mean(gamma)).toBeCloseTo(1, 1)
    }
  })

  test('of two names, or of two seeds, are unlike', () => {
    const first = many((i) => uniformAt(randomStream(7, 'a'), i))
    for (const other of [randomStream(7, 'b'), randomStream(8, 'a')]) {
      const second = many((i) => uniformAt(other, i))
      const covariance = mean(first.map((x, i) => (x - 0.5) * (second[i]! - 0.5)))
      expect(Math.abs(covariance)).toBeLessThan(0.005)
    }
  })

  test('go on beyond 2^32', () => {
    const stream = randomStream(1, 'far')
    expect(uniformAt(stream, 2 ** 32 + 5)).not.toBe(uniformAt(stream, 5))
  })
})

describe('histograms', () => {
  test('answer within three significant digits of the sorted samples', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(latencyUsMax), { minLength: 1, maxLength: 300 }), (samples) => {
        const histogram = new LatencyHistogram()
        for (const us of samples) histogram.record(us)
        const sorted = [...samples].sort((a, b) => a - b)
        for (const q of [0.5, 0.9, 0.99]) {
          const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!
          expect(Math.abs(histogram.quantile(q)! - exact)).toBeLessThanOrEqual(exact / 500 + 1)
        }
        expect(histogram.maxUs).toBe(sorted.at(-1))
        expect(histogram.minUs).toBe(sorted[0])
        histogram.destroy()
      }),
      { numRuns: 40 },
    )
  })

  test('refuse what is no number, and bound what is too large', () => {
    const histogram = new LatencyHistogram()
    expect(() => histogram.record(Number.NaN)).toThrow(/limitscope bug/)
    histogram.record(1e12)
    histogram.record(-3)
    expect([histogram.minUs, histogram.maxUs]).toEqual([0, latencyUsMax])
    histogram.destroy()
  })
})

describe('statistics', () => {
  test("sample floors are those of MLPerf's early stopping", () => {
    expect([0.5, 0.9, 0.95, 0.99, 0.999].map(sampleFloor)).toEqual([11, 64, 130, 662, 6636])
  })

  test('a share comes with its Wilson interval', () => {
    const [low, high] = shareInterval(8, 10)
    expect(low).toBeCloseTo(0.49, 2)
    expect(high).toBeCloseTo(0.943, 2)
    expect(shareInterval(0, 0)).toEqual([0, 1])
  })

  test('the median is the middle', () => {
    expect([median([]), median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([null, 2, 2.5])
  })
})

describe('units', () => {
  test.each([
    ['250ms', 250_000],
    ['1.5s', 1_500_000],
    ['2m', 120_000_000],
    ['1h30m', 5_400_000_000],
    ['100us', 100],
    ['7µs', 7],
  ])('%s is a duration', (text, us) => {
    expect(parseDurationUs(text)).toBe(us)
  })

  test('durations come back as they were written', () => {
    fc.assert(
      fc.property(fc.nat(1e12), (us) => {
        expect(parseDurationUs(durationText(us))).toBe(us)
      }),
    )
  })

  test.each([
    ['50/s', 50],
    ['60/min', 1],
    ['10 per 2s', 5],
    ['0.5/s', 0.5],
  ])('%s is a rate', (text, perS) => {
    expect(parseRatePerS(text)).toBe(perS)
  })

  test.each([
    ['10', /did you mean '10s'/],
    ['ten seconds', /expected a duration/],
    ['5 parsecs', /unknown unit 'parsecs'/],
    ['', /expected a duration/],
  ])('%s is no duration, and it says why', (text, message) => {
    expect(() => parseDurationUs(text)).toThrow(UnitError)
    expect(() => parseDurationUs(text)).toThrow(message)
  })

  test('numbers on screen have three digits and a unit', () => {
    expect([12, 12_345, 1_234_567].map(formatCount)).toEqual(['12', '12,300', '1.23 M'])
    expect([850, 12_345, 4_560_000, 200e6, 3 * 3600e6].map(formatSpan)).toEqual([
      '850 µs',
      '12.3 ms',
      '4.56 s',
      '3 m 20 s',
      '3 h 0 m',
    ])
    expect([formatSpan(null), formatRate(null), formatCount(null)]).toEqual(['–', '–', '–'])
  })
})

describe('text', () => {
  test('from a server cannot move the cursor, reorder or hide', () => {
    const hostile = 'a\u001b[2Jb\u202ec\u0000d\u200be\nf\u009bg'
    expect(safeLine(hostile)).toBe('a [2Jb c d e f g')
    expect(safeLine('x'.repeat(1e6))).toHaveLength(200)
  })

  test('has its secrets blanked out, in every form they can take', () => {
    const redact = redactor(['s3cr3t/+key', 'abc'])
    const forms = ['s3cr3t/+key', encodeURIComponent('s3cr3t/+key'), btoa('s3cr3t/+key')]
    for (const form of forms) expect(redact(`<${form}>`)).toBe('<***>')
    expect(redact('abcdef')).toBe('abcdef')
  })

  test('with a slip of the finger finds its nearest candidate, and nothing when it is far off', () => {
    const known = ['count', 'share', 'rate', 'lanes']
    expect(['cuont', 'shar', 'lane', 'Rate', 'xyzzy'].map((word) => nearest(word, known))).toEqual([
      'count',
      'share',
      'lanes',
      'rate',
      undefined,
    ])
  })
})
