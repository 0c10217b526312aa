// The first look at a limiter: requests until it denies for good, then polls until it gives something
// back. Must not know hypotheses.

import { hasAnswer, hasPassed, isDeniedTogether } from './judging.ts'
import type { Observation } from './observation.ts'
import type { Subject } from './subject.ts'

const lonePassedLeast = 3
const silenceUsLeast = 1_000_000
const spendingWaves = 20
const widest = 32
const lastWaves = 5
const heldBackTimes = 6

/** Whether denials last; `concurrent`: only requests that are sent at once are denied. */
export type Exhausted = 'exhausted' | 'unlimited' | 'concurrent'

/** Requests in ever wider waves: neither are small limits overrun nor do large ones take ages. */
export async function exhaust(subject: Subject, most: number): Promise<Exhausted> {
  const lonePassed: number[] = []
  let before = 0
  for (let sent = 0; sent < most; ) {
    const width = Math.min(waveWidth(sent, most), subject.widthMost)
    // What waves of different widths let through cannot be compared.
    if (width !== before) lonePassed.length = 0
    before = width
    const answers = await subject.send(width)
    sent += width
    if (!answers.some((answer) => !hasPassed(answer) && hasAnswer(answer))) continue
    if (await subject.isDenied(answers.at(-1)!)) return 'exhausted'
    if (!isDeniedTogether(answers)) continue
    lonePassed.push(answers.filter(hasPassed).length)
    if (lonePassed.length < lonePassedLeast) continue
    if (!(await isRefilled(subject, width, lonePassed))) return 'concurrent'
    for (const { status } of answers) {
      if (status !== null && status >= 400) subject.denials.add(status)
    }
    return 'exhausted'
  }
  return 'unlimited'
}

/**
 * One by one at first, then some waves of each width: few requests are sent beyond what there is. The last are
 * as wide as can be, because slots only show when more requests than these are under way.
 */
function waveWidth(sent: number, most: number): number {
  const [width = widest] = [1, 2, 4, 8, 16].filter((_, i) => sent < 16 * (1 + 2 ** i))
  return most - sent <= lastWaves * widest ? widest : width
}

// A bucket that is refilled while a single request travels looks like slots; but silence brings it
// more than waves in a row get.
async function isRefilled(
  subject: Subject,
  width: number,
  lonePassed: readonly number[],
): Promise<boolean> {
  await subject.idle(Math.max(silenceUsLeast, 20 * Math.max(...latencies(subject, width))))
  const passedOf = (answers: readonly Observation[]) => answers.filter(hasPassed).length
  let passed = passedOf(await subject.send(width))
  if (passed <= 2 * Math.min(...lonePassed) + 2) return false
  for (let i = 0; i < spendingWaves && passed > width / 4; i++) {
    passed = passedOf(await subject.send(width))
  }
  return true
}

function latencies({ observations }: Subject, count: number): readonly number[] {
  return observations.slice(-count).map(({ sentUs, receivedUs }) => receivedUs - sentUs)
}

/** Whether requests at once are answered one by one. */
export function isHeldBack(observations: readonly Observation[]): boolean {
  const latest = observations.slice(-widest).filter(hasPassed)
  const spansUs = latest.map(({ sentUs, receivedUs }) => receivedUs - sentUs)
  return Math.max(...spansUs) > heldBackTimes * Math.min(...spansUs)
}

/**
 * Nothing is known of the recovery yet: each poll waits for a share of all before, a smaller one where a
 * whole limit costs more than many polls. Whether anything came back.
 */
export async function firstRelease(subject: Subject): Promise<boolean> {
  const { session } = subject
  const sinceUs = session.nowUs
  const growth = pollGrowth(subject.observations.filter(hasPassed).length)
  for (let elapsedUs = Math.max(subject.gapUs, subject.pace.gapUs); ; ) {
    if (sinceUs + elapsedUs - session.nowUs > session.durationLeftUs) return false
    await session.sleepUntil(Math.round(sinceUs + elapsedUs))
    if ((await subject.send()).some(hasPassed)) return true
    elapsedUs *= elapsedUs < hastyUs ? Math.max(hastyGrowth, growth) : growth
  }
}

/** What recovers sooner gives back unit by unit, and is asked again for next to nothing. */
const hastyUs = 500_000
const hastyGrowth = 2

function pollGrowth(admitted: number): number {
  return Math.min(2, Math.max(1.3, 1 + 70 / admitted))
}
