// Scenarios that first want to know which limiters there are: their profiles, before the run, and the
// limits they find, declared for it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sleepUntil } from '../core/clock.ts'
import { UserError } from '../core/errors.ts'
import { formatSpan } from '../core/format.ts'
import { windowUsOf } from '../core/limits.ts'
import type { ProfileDocument } from '../core/profileDocument.ts'
import { realClock, wallMs } from '../core/realClock.ts'
import { redactor } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import { responseReader } from '../dialects/read.ts'
import { targetAddress } from '../engine/target.ts'
import { startGatewayThread } from '../gateway/thread.ts'
import { describeLimiter } from '../limiters/models.ts'
import { secretValues } from '../load/lanes.ts'
import type { DeclaredLimiter, Plan, Scenario } from '../load/plan.ts'
import type { ProfileResult } from '../profile/contract.ts'
import { guardHost } from './guard.ts'
import { type CommandIo, say } from './io.ts'
import type { Prepared } from './prepare.ts'
import { version } from './version.ts'

/** A run that knows its limits, and the documents they are from, by scenario. */
export interface ProfiledRun {
  readonly prepared: Prepared
  readonly documents: ReadonlyMap<string, ProfileDocument>
}

/** Longest wait for the windows that a profile has used up. */
const freshUsMost: Micros = 120_000_000
const timeoutUs: Micros = 10_000_000

/** Profiles the target for every scenario that asks for it; without one, all stays as it is. */
export async function withProfiles(prepared: Prepared, io: CommandIo): Promise<ProfiledRun> {
  const asking = prepared.plan.scenarios.filter(
    ({ profile, skip }) => profile !== null && skip === null,
  )
  const documents = new Map<string, ProfileDocument>()
  let { plan } = prepared
  for (const scenario of asking) {
    const { document, limiters } = await profileFor(scenario, { ...prepared, plan }, io)
    documents.set(scenario.name, document)
    if (limiters.length > 0) plan = { ...plan, limiters }
  }
  return { prepared: { ...prepared, plan }, documents }
}

/** Writes the documents into the folder of the run. */
export function saveProfiles({ documents }: ProfiledRun, folder: string): void {
  for (const [scenario, document] of documents) {
    const name = `profile-${scenario.replaceAll('/', '-')}.json`
    writeFileSync(join(folder, name), `${JSON.stringify(document, null, 2)}\n`)
  }
}

interface Found {
  readonly document: ProfileDocument
  readonly limiters: readonly DeclaredLimiter[]
}

async function profileFor(scenario: Scenario, prepared: Prepared, io: CommandIo): Promise<Found> {
  const { plan } = prepared
  say(
    io,
    `${scenario.name}: profiles the target with at most ${scenario.profile!.requestsMax} requests`,
  )
  if (plan.target.kind === 'url') await guardHost(plan.target.url, plan.caps)
  const gateway = prepared.gateway === null ? null : await startGatewayThread(prepared.gateway)
  try {
    const url = gateway?.url ?? (plan.target.kind === 'url' ? plan.target.url : '')
    const { document, limiters } = await identified(scenario, prepared, url)
    const declared = limiters.map((limiter) => ({ tier: null, ...limiter }))
    for (const limiter of declared) say(io, `  found ${describeLimiter(limiter)}`)
    for (const reason of document.reasons) say(io, `  ${reason}`)
    // The embedded gateway that is profiled is not the one that is loaded.
    if (gateway === null) await untilFresh(declared, io)
    return { document, limiters: declared }
  } finally {
    await gateway?.close()
  }
}

async function identified(
  scenario: Scenario,
  { plan, secrets }: Prepared,
  url: string,
): Promise<ProfileResult> {
  // Most runs profile nothing, and need not hold what can.
  const { openProber } = await import('../profile/endpoint.ts')
  const { profile } = await import('../profile/profile.ts')
  const { lane, shape } = firstOf(scenario, plan)
  const { requestsMax, durationUsMax } = scenario.profile!
  const { origin, pathPrefix } = targetAddress(url)
  const tls = plan.target.kind === 'url' ? plan.target.tls : { caPath: null, verify: true }
  const redact = redactor(secretValues(secrets))
  const { prober, close } = openProber(origin, tls, {
    shapes: [shape],
    identities: [{ lane, differsIn: null }],
    secrets,
    read: responseReader({ dialect: plan.dialect, rules: plan.rules }),
    userAgent: `limitscope/${version} (profile; finds rate limits)`,
    pathPrefix,
    timeoutUs,
  })
  try {
    const most = Math.min(requestsMax, plan.caps.requestsMax ?? requestsMax)
    const budget = { requestsMax: most, tokensMax: plan.caps.tokensMax, durationUsMax }
    return await profile(prober, { target: redact(url), seed: plan.seed, budget })
  } finally {
    await close()
  }
}

/** Who profiles, and with what. */
function firstOf({ name, phases }: Scenario, plan: Plan) {
  const [phase] = phases
  const lane = plan.lanes.find((each) => each.name === phase?.lanes[0])
  const shape = plan.shapes.find((each) => each.name === phase?.mix[0]?.shape)
  if (lane === undefined || shape === undefined || lane.credential.from === 'capture') {
    const message = `scenarios.${name}.profile: expected a phase whose first lane has a credential before the run; remove profile, or give the lane one from the environment, a file or a command`
    throw new UserError('config', message)
  }
  return { lane, shape }
}

/** Until everything that the profile has used up is back. */
async function untilFresh(limiters: readonly DeclaredLimiter[], io: CommandIo): Promise<void> {
  const spans = limiters.map(({ model }) => windowUsOf(model.algorithm) ?? 0)
  const waitUs = Math.min(freshUsMost, Math.max(0, ...spans))
  if (waitUs === 0) return
  say(io, `  waits ${formatSpan(waitUs)} for its limits to be as new`)
  const clock = realClock({ epochMs: wallMs() })
  await sleepUntil(clock, clock.nowUs() + waitUs)
}
