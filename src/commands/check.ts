// `limitscope check`: preflight: one request per shape and lane, what was recognised, what a run
// will cost.

import { loadConfig } from '../config/load.ts'
import { type ExitCode, exitCodes } from '../core/errors.ts'
import { formatInteger, formatSpan, unknown } from '../core/format.ts'
import { realClock, wallMs } from '../core/realClock.ts'
import type { Outcome } from '../core/record.ts'
import { redactor, safeLine } from '../core/text.ts'
import type { LimitSignal } from '../dialects/dialect.ts'
import { responseReader } from '../dialects/read.ts'
import type { Exchange } from '../drivers/driver.ts'
import { type Attribution, Attributor } from '../engine/attribution.ts'
import { requestTemplate } from '../engine/routes.ts'
import { targetAddress } from '../engine/target.ts'
import { openTransport } from '../engine/transport.ts'
import { startGatewayThread } from '../gateway/thread.ts'
import { secretValues } from '../load/lanes.ts'
import type { Plan } from '../load/plan.ts'
import { shapeCost } from '../load/shapes.ts'
import { estimates } from './dryRun.ts'
import { checkListening, guardHost } from './guard.ts'
import { type CommandIo, say } from './io.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { RunFlags } from './run.ts'
import { version } from './version.ts'

/** What one shape met on one lane. */
export interface Probe {
  readonly lane: string
  readonly shape: string
  readonly outcome: Outcome
  readonly status: number | null
  readonly serviceUs: number
  readonly ttftUs: number | null
  readonly dialect: string | null
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly limits: readonly LimitSignal[]
  readonly note: string
}

const timeoutUs = 60_000_000

export async function checkCommand(
  scenarios: readonly string[],
  flags: RunFlags,
  io: CommandIo,
): Promise<number> {
  const loaded = await loadConfig({ ...io, configPath: flags.config })
  const runId = `check-${Math.floor(wallMs())}`
  const overrides = { target: flags.target, caps: {} }
  const prepared = await prepare(loaded, { runId, scenarios, overrides }, io)
  const probes = await probeAll(prepared)
  if (flags.json === true) {
    const document = { probes, estimates: estimates(prepared.plan), warnings: prepared.warnings }
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  } else {
    for (const line of probes.flatMap(probeLines)) io.stdout.write(`${line}\n`)
    for (const line of costLines(prepared.plan)) io.stdout.write(`${line}\n`)
    for (const warning of prepared.warnings) say(io, `warning: ${warning}`)
  }
  return exitCodeOf(probes)
}

const userAgent = `limitscope/${version}`

/** Sends one request per shape and lane; throws `UserError` where nobody listens. */
export async function probeAll({ plan, secrets, gateway: spec }: Prepared): Promise<Probe[]> {
  if (plan.target.kind === 'url') {
    // A request per shape and lane is no load: the guard only keeps off reserved addresses.
    await guardHost(plan.target.url, { ...plan.caps, requestsMax: plan.shapes.length })
    await checkListening(plan.target.url)
  }
  const gateway = spec === null ? null : await startGatewayThread(spec)
  const url = gateway?.url ?? (plan.target.kind === 'url' ? plan.target.url : '')
  const address = targetAddress(url)
  const epochMs = Math.floor(wallMs())
  const clock = realClock({ epochMs })
  const transport = await openTransport(address.origin, clock, plan)
  const read = responseReader({ dialect: plan.dialect, rules: plan.rules })
  const redact = redactor(secretValues(secrets))
  const probes: Probe[] = []
  try {
    for (const { lane, shape } of pairsOf(plan)) {
      const { runId } = plan
      const parts = { ...address, secrets, userAgent, runId }
      const template = requestTemplate(lane, shape, parts)
      const attributor = new Attributor(read, [], epochMs)
      const cost = shapeCost(shape)
      const entry = attributor.sent(cost, clock)
      const probe = await new Promise<Probe>((resolve) => {
        transport.driverOf('auto').send(template, probes.length, timeoutUs, {
          ended(exchange) {
            const attribution = attributor.ended(cost, entry, exchange)
            const note = safeLine(redact(attribution.error ?? attribution.evidence.join('; ')))
            resolve(probeOf(lane.name, shape.name, exchange, attribution, note))
          },
        })
      })
      probes.push(probe)
    }
  } finally {
    await transport.close()
    await gateway?.close()
  }
  return probes
}

/** Each shape on each lane that some phase sends it on. */
function pairsOf(plan: Plan) {
  const phases = plan.scenarios.flatMap((scenario) => scenario.phases)
  return plan.lanes.flatMap((lane) =>
    plan.shapes
      .filter(({ name }) =>
        phases.some(
          (phase) =>
            phase.lanes.includes(lane.name) && phase.mix.some(({ shape }) => shape === name),
        ),
      )
      .map((shape) => ({ lane, shape })),
  )
}

function probeOf(
  lane: string,
  shape: string,
  exchange: Exchange,
  attribution: Attribution,
  note: string,
): Probe {
  const { sentUs, firstTokenUs, endUs, status } = exchange
  return {
    lane,
    shape,
    outcome: attribution.outcome,
    status,
    serviceUs: endUs - (sentUs ?? endUs),
    ttftUs: firstTokenUs === null || sentUs === null ? null : firstTokenUs - sentUs,
    dialect: attribution.dialect,
    promptTokens: attribution.promptTokens,
    completionTokens: attribution.completionTokens,
    limits: attribution.signals,
    note,
  }
}

function probeLines(probe: Probe): string[] {
  const { lane, shape, outcome, status, promptTokens, completionTokens } = probe
  const times = `${formatSpan(probe.serviceUs)}${probe.ttftUs === null ? '' : `, first token after ${formatSpan(probe.ttftUs)}`}`
  const usage =
    promptTokens === null
      ? 'no usage in the answer'
      : `${promptTokens} + ${completionTokens ?? unknown} tokens`
  const lines = [`${outcome}  ${shape} on ${lane}: status ${status ?? unknown}, ${times}, ${usage}`]
  if (probe.dialect !== null) lines.push(`    recognised: ${probe.dialect}`)
  for (const limit of probe.limits) {
    const name = limit.name ?? limit.unit ?? 'limit'
    const left = limit.remaining === null ? unknown : formatInteger(limit.remaining)
    const all = limit.limit === null ? unknown : formatInteger(limit.limit)
    lines.push(
      `    ${name}: ${left} of ${all} left, reset in ${formatSpan(limit.resetUs)}  (${limit.evidence})`,
    )
  }
  if (probe.note !== '') lines.push(`    ${probe.note}`)
  return lines
}

function costLines(plan: Plan): string[] {
  return estimates(plan).map(({ scenario, phase, requestsMax, tokensMax }) => {
    const cost =
      requestsMax === null
        ? 'as many requests as the limiters let through'
        : `at most ${formatInteger(requestsMax)} requests, ${formatInteger(tokensMax)} tokens`
    return `a run of ${scenario}/${phase} sends ${cost}`
  })
}

function exitCodeOf(probes: readonly Probe[]): ExitCode {
  if (probes.some(({ status }) => status === null)) return exitCodes.inconclusive
  return probes.every(({ outcome }) => outcome === 'ok') ? exitCodes.passed : exitCodes.failed
}
