// For tests: snapshots of runs as they look at telling moments.

import type { RunEvent } from '../core/event.ts'
import type { LimitUnit } from '../core/limits.ts'
import type { LimiterGauge, Progress } from '../core/progress.ts'
import { emptyCounts } from '../core/record.ts'
import type { LiveBar, LiveLatency, LiveLimiter, LiveSnapshot } from '../recording/live.ts'

export const emptyRun: LiveSnapshot = {
  runId: '2026-11-20T18-05-09Z-demo',
  target: 'gateway:kuadrant',
  scenarios: ['many-cheap', 'few-expensive', 'interplay'].map((name) => ({ name, state: 'next' })),
  nowUs: 0,
  progress: null,
  limiters: [],
  ok: latency(0),
  bars: [],
  limited: latency(0),
  counts: emptyCounts(),
  endedPerS: 0,
  okPerS: 0,
  tokensPerS: 0,
  history: [],
  ttft: latency(0),
  events: [],
  health: { verdict: 'VALID', reasons: [], lagP99Us: null, loopDelayP99Us: null },
}

/** Many cheap requests: the request limiter has just closed. */
export const manyCheap: LiveSnapshot = {
  ...emptyRun,
  nowUs: 4_120_000,
  scenarios: scenarios(['many-cheap', 'now'], ['few-expensive', 'next'], ['interplay', 'next']),
  progress: progress({
    us: 4_100_000,
    phase: 'hammer',
    share: 0.52,
    endsUs: 8_000_000,
    inFlight: 2,
    planned: 82,
    sent: 82,
    ended: 80,
    offeredPerS: 20,
  }),
  limiters: [
    limiter({
      limiter: 'requests',
      gauge: gauge('requests', 40, 40, 26_600_000),
      rejections: 13,
      first: first(3_410_000, 41, 40, 960),
      retryAtUs: 30_400_000,
      isClosed: true,
    }),
    limiter({ limiter: 'tokens', gauge: gauge('tokens', 960, 10_000, 55_900_000) }),
  ],
  ok: latency(40, 11_800, 14_200, 48_000, 51_300),
  bars: bars(9_051, [3, 9, 14, 8, 3, 1, 0, 1, 1]),
  limited: latency(13, 1_210, 1_480, 2_900, 3_020),
  counts: { ...emptyCounts(), ok: 67, limited: 13 },
  endedPerS: 19.7,
  okPerS: 11.3,
  tokensPerS: 213,
  history: [18, 20, 21, 20],
  ttft: latency(0),
  events: [
    event(0, 'run-started', { text: 'run 2026-11-20T18-05-09Z-demo, seed 7' }),
    event(120, 'scenario-started', { scenario: 'many-cheap', text: 'Many cheap requests' }),
    event(180, 'phase-started', {
      phase: 'hammer',
      text: 'until the first rejection of requests and 40 more',
    }),
    event(3_410_000, 'first-rejection', {
      phase: 'hammer',
      text: 'first rejection by requests (named): request 41, after 40 requests and 960 tokens',
      data: { lane: 'free', limiter: 'requests' },
    }),
  ],
  health: { verdict: 'VALID', reasons: [], lagP99Us: 310, loopDelayP99Us: 1_240 },
}

/** Waiting for clean windows before the next phase. */
export const waiting: LiveSnapshot = {
  ...manyCheap,
  nowUs: 24_300_000,
  scenarios: scenarios(['many-cheap', 'done'], ['few-expensive', 'now'], ['interplay', 'next']),
  progress: progress({
    us: 24_300_000,
    scenario: 'few-expensive',
    phase: 'spend',
    state: 'waiting',
    share: 0.79,
    endsUs: 30_500_000,
  }),
  limiters: [
    limiter({
      limiter: 'requests',
      gauge: gauge('requests', 40, 40, 6_100_000),
      rejections: 13,
      first: first(3_410_000, 41, 40, 960),
      retryAtUs: 30_400_000,
    }),
    limiter({ limiter: 'tokens', gauge: gauge('tokens', 960, 10_000, 35_700_000) }),
  ],
  history: [18, 20, 21, 20, 20, 19, 20, 20, ...new Array<number>(16).fill(0)],
  endedPerS: 0,
  okPerS: 0,
  tokensPerS: 0,
  events: [
    ...manyCheap.events,
    event(8_000_000, 'phase-ended', {
      phase: 'hammer',
      text: '160 sent, 0 unsent; ended by the first rejection of requests and 40 more',
    }),
    event(8_100_000, 'scenario-started', { scenario: 'few-expensive', text: 'few-expensive' }),
    event(8_100_000, 'waiting', { phase: 'spend', text: 'waiting 22.4 s for clean windows' }),
  ],
}

/** Few expensive requests: the token limiter has closed, streams are under way. */
export const fewExpensive: LiveSnapshot = {
  ...waiting,
  nowUs: 83_700_000,
  progress: progress({
    us: 83_650_000,
    scenario: 'few-expensive',
    phase: 'spend',
    state: 'drain',
    share: 1,
    endsUs: 112_000_000,
    inFlight: 3,
    planned: 15,
    sent: 14,
    unsent: 1,
    ended: 11,
  }),
  limiters: [
    limiter({ limiter: 'requests', gauge: gauge('requests', 11, 40, 18_000_000) }),
    limiter({
      limiter: 'tokens',
      gauge: gauge('tokens', 11_204, 10_000, 41_300_000),
      rejections: 3,
      first: { ...first(71_930_000, 171, 9, 10_310), confidence: 'inferred' },
      isClosed: true,
    }),
  ],
  ok: latency(80, 2_310_000, 4_120_000, 5_010_000, 5_230_000),
  bars: bars(1_638_400, [6, 18, 22, 11, 1]),
  limited: latency(3, 2_100, 2_300, 2_300, 2_300),
  counts: { ...emptyCounts(), ok: 76, limited: 163, timeout: 2, broken: 1, unsent: 1 },
  endedPerS: 0.667,
  okPerS: 0.333,
  tokensPerS: 1_460,
  history: Array.from({ length: 60 }, (_, i) => [0, 1, 0, 2, 1, 0, 3, 1][i % 8]!),
  ttft: latency(80, 212_000, 230_000, 301_000, 305_000),
  health: {
    verdict: 'SUSPECT',
    reasons: ['send lag p99 12.3 ms is above 10 ms', 'loop delay p99 15.1 ms is above 10 ms'],
    lagP99Us: 12_300,
    loopDelayP99Us: 15_100,
  },
}

/** Two lanes with the same two limiters each. */
export const twoLanes: LiveSnapshot = {
  ...manyCheap,
  limiters: ['free', 'premium'].flatMap((lane) =>
    manyCheap.limiters.map((one) => {
      const gauge = { ...one.gauge!, lane, limit: one.gauge!.limit * (lane === 'free' ? 1 : 5) }
      return lane === 'free'
        ? { ...one, lane, gauge }
        : { ...one, lane, gauge, first: null, rejections: 0, isClosed: false, retryAtUs: null }
    }),
  ),
}

const units: readonly LimitUnit[] = [
  'requests',
  'tokens',
  'prompt-tokens',
  'completion-tokens',
  'concurrent-requests',
  'usd',
]

/** More limiters than a small screen has rows for. */
export const tenLimiters: LiveSnapshot = {
  ...manyCheap,
  limiters: Array.from({ length: 10 }, (_, i) =>
    limiter({
      limiter: `limiter-${i}`,
      gauge: i === 8 ? null : gauge(units[i % units.length]!, 120 * i + 0.5, 1000, 1_000_000 * i),
      ...(i === 3 || i === 9
        ? { rejections: 7, first: first(1_000_000 * i, 17, 16, 300), isClosed: i === 9 }
        : {}),
    }),
  ),
}

const long = 'a-name-that-goes-on-and-on-'.repeat(12)

export const longNames: LiveSnapshot = renamed(twoLanes, (name) => `${name}-${long}`)

export const wideCharacters: LiveSnapshot = renamed(
  twoLanes,
  (name) => `限流器🚦${name}👩‍👩‍👧‍👦🇩🇪é❤️각`,
)

/** What a server or a config may try: control sequences, line breaks, reordering, odd numbers. */
export const hostile: LiveSnapshot = {
  ...renamed(
    twoLanes,
    (name) => `${name}\u001b[2J\u001b]0;owned\u0007\r\n\t\u009b31m\u202eevil\u200b\ud800`,
  ),
  endedPerS: Number.POSITIVE_INFINITY,
  tokensPerS: Number.NaN,
  history: [Number.NaN, 1e12, -5, 0],
  bars: bars(100, [1e15, 0, 1]),
  counts: { ...emptyCounts(), ok: 123_456_789_012, failed: 9_876_543_210, unsent: 1e9 },
}

/** Everything above, by name. */
export const snapshots: Readonly<Record<string, LiveSnapshot>> = {
  emptyRun,
  manyCheap,
  waiting,
  fewExpensive,
  twoLanes,
  tenLimiters,
  longNames,
  wideCharacters,
  hostile,
}

/** The same run with other names everywhere. */
export function renamed(snapshot: LiveSnapshot, rename: (name: string) => string): LiveSnapshot {
  const { progress, scenarios, limiters, events, health } = snapshot
  return {
    ...snapshot,
    runId: rename(snapshot.runId),
    target: rename(snapshot.target),
    scenarios: scenarios.map(({ name, state }) => ({ name: rename(name), state })),
    progress: progress && {
      ...progress,
      scenario: rename(progress.scenario),
      phase: rename(progress.phase),
    },
    limiters: limiters.map((one) => ({
      ...one,
      lane: rename(one.lane),
      limiter: rename(one.limiter),
    })),
    events: events.map((one) => ({ ...one, text: rename(one.text) })),
    health: {
      ...health,
      verdict: 'INVALID',
      reasons: [rename('lag'), rename('delay'), rename('x')],
    },
  }
}

function latency(count: number, p50 = 0, p90 = 0, p99 = 0, max = 0): LiveLatency {
  const known = (us: number) => (count === 0 ? null : us)
  return { count, p50Us: known(p50), p90Us: known(p90), p99Us: known(p99), maxUs: known(max) }
}

function bars(fromUs: number, counts: readonly number[]): LiveBar[] {
  return counts.map((count, i) => ({ upToUs: Math.round(fromUs * 2 ** (i / 2)), count }))
}

function scenarios(
  ...states: readonly (readonly [string, 'done' | 'now' | 'next'])[]
): LiveSnapshot['scenarios'] {
  return states.map(([name, state]) => ({ name, state }))
}

function progress(changes: Partial<Progress>): Progress {
  return {
    us: 0,
    scenario: 'many-cheap',
    phase: 'hammer',
    state: 'measure',
    share: null,
    endsUs: null,
    inFlight: 0,
    planned: 0,
    sent: 0,
    unsent: 0,
    ended: 0,
    offeredPerS: null,
    gauges: [],
    ...changes,
  }
}

function gauge(unit: LimitUnit, used: number, limit: number, resetUs: number): LimiterGauge {
  return { lane: 'free', limiter: unit, unit, used, limit, resetUs }
}

function limiter(changes: Partial<LiveLimiter> & { limiter: string }): LiveLimiter {
  return {
    lane: 'free',
    gauge: null,
    rejections: 0,
    first: null,
    retryAtUs: null,
    isClosed: false,
    ...changes,
  }
}

function first(us: number, seq: number, admittedRequests: number, admittedTokens: number) {
  return { us, seq, admittedRequests, admittedTokens, confidence: 'named' } as const
}

function event(us: number, kind: RunEvent['kind'], changes: Partial<RunEvent>): RunEvent {
  return { us, kind, scenario: null, phase: null, text: '', data: {}, ...changes }
}
