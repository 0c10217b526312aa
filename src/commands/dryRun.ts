// What a run would do, without doing it: the plan in words, with requests and tokens at most.

import { formatInteger } from '../core/format.ts'
import { durationText } from '../core/units.ts'
import { describeLimiter } from '../limiters/models.ts'
import { type ArrivalProcess, isOpen, offeredPerS } from '../load/arrivals.ts'
import { type Phase, type Plan, planHash } from '../load/plan.ts'
import { shapeCost } from '../load/shapes.ts'
import type { Step } from '../load/steps.ts'
import { describeStop, type StopRule } from '../load/stop.ts'

/** The most a phase can send; null where only its limiters or its answers end it. */
export interface PhaseEstimate {
  readonly scenario: string
  readonly phase: string
  readonly requestsMax: number | null
  readonly tokensMax: number | null
  readonly durationUsMax: number | null
}

export function estimates(plan: Plan): PhaseEstimate[] {
  return plan.scenarios.flatMap((scenario) =>
    scenario.phases.map((phase) => {
      const requestsMax = requestsOf(phase, plan)
      const perRequest = Math.max(...phase.mix.map(({ shape }) => tokensOf(plan, shape)))
      return {
        scenario: scenario.name,
        phase: phase.name,
        requestsMax,
        tokensMax: requestsMax === null ? null : requestsMax * perRequest,
        durationUsMax: durationOf(phase),
      }
    }),
  )
}

/** The plan for people. */
export function dryRunText(plan: Plan, target: string): string {
  const lines = [`plan ${planHash(plan).slice(0, 12)}, seed ${plan.seed}, target ${target}`]
  for (const limiter of plan.limiters) {
    const tier = limiter.tier === null ? '' : ` (tier ${limiter.tier})`
    lines.push(`  limiter ${describeLimiter(limiter)}${tier}`)
  }
  const counts = estimates(plan)
  for (const scenario of plan.scenarios) {
    lines.push(`${scenario.name}: ${scenario.title}`)
    if (scenario.skip !== null) {
      lines.push(`  skipped: ${scenario.skip}`)
      continue
    }
    if (scenario.profile !== null) {
      const most = formatInteger(scenario.profile.requestsMax)
      lines.push(`  profiles the target first, with at most ${most} requests`)
    }
    lines.push(...stepLines('needs', scenario.needs), ...stepLines('setup', scenario.setup))
    for (const phase of scenario.phases) {
      lines.push(...stepLines('before', phase.before))
      const estimate = counts.find((e) => e.scenario === scenario.name && e.phase === phase.name)!
      lines.push(...phaseLines(phase, estimate))
    }
    const probes = scenario.probes.map(({ step }) => step)
    lines.push(...stepLines('meanwhile', probes), ...stepLines('then', scenario.steps))
    lines.push(...stepLines('teardown', scenario.teardown))
    for (const statement of scenario.expectations) lines.push(`  expects ${statement}`)
  }
  return lines.join('\n')
}

function phaseLines(phase: Phase, estimate: PhaseEstimate): string[] {
  const mix = phase.mix.map(({ shape, weight }) => `${shape} × ${weight}`).join(', ')
  const isolated = phase.isolate === 'window' ? ', after waiting for clean windows' : ''
  const requests =
    estimate.requestsMax === null
      ? 'requests: as many as the limiters let through'
      : `at most ${formatInteger(estimate.requestsMax)} requests, ${formatInteger(estimate.tokensMax)} tokens`
  return [
    `  ${phase.name}: ${arrivalsText(phase.arrivals)} of ${mix} on ${phase.lanes.join(', ')}${isolated}`,
    `    until ${phase.until.map(describeStop).join(' or ') || 'the arrivals end'}; ${requests}`,
  ]
}

function stepLines(when: string, steps: readonly Step[]): string[] {
  return steps.map(({ name, method, path }) => `  ${when} ${name}: ${method} ${path}`)
}

function arrivalsText(arrivals: ArrivalProcess): string {
  switch (arrivals.kind) {
    case 'constant':
      return `constant ${arrivals.perS}/s`
    case 'poisson':
      return `Poisson ${arrivals.perS}/s`
    case 'gamma':
      return `gamma ${arrivals.perS}/s, burstiness ${arrivals.burstiness}`
    case 'ramp':
      return `a ramp from ${arrivals.fromPerS}/s to ${arrivals.toPerS}/s over ${durationText(arrivals.overUs)}`
    case 'steps':
      return `steps of ${arrivals.steps.map(({ perS }) => `${perS}/s`).join(', ')}`
    case 'burst':
      return `bursts of ${arrivals.size}`
    case 'replay':
      return `a replay of ${arrivals.atUs.length} instants`
    case 'spaced':
      return `${arrivals.count} at a time, ${durationText(arrivals.gapUs)} after each answer,`
    case 'users':
      return `${arrivals.count} users thinking ${durationText(arrivals.thinkUs)}`
    case 'saturate':
      return `${arrivals.connections} saturated connections`
  }
}

function tokensOf(plan: Plan, shape: string): number {
  const { promptTokens, completionTokens } = shapeCost(
    plan.shapes.find(({ name }) => name === shape)!,
  )
  return promptTokens + completionTokens
}

function requestsOf(phase: Phase, plan: Plan): number | null {
  const byRules = phase.until.flatMap((rule: StopRule) =>
    rule.kind === 'requests' ? [rule.count] : [],
  )
  const durationUs = durationOf(phase)
  const byRate =
    isOpen(phase.arrivals) && durationUs !== null
      ? [arrivalsWithin(phase.arrivals, durationUs)]
      : []
  const byCap = plan.caps.requestsMax === null ? [] : [plan.caps.requestsMax]
  const all = [...byRules, ...byRate, ...byCap]
  return all.length === 0 ? null : Math.min(...all)
}

function arrivalsWithin(arrivals: ArrivalProcess, durationUs: number): number {
  if (arrivals.kind === 'burst' && arrivals.count !== null) return arrivals.size * arrivals.count
  if (arrivals.kind === 'replay') return arrivals.atUs.length
  // The mean of the rate over the phase, in a hundred steps.
  const steps = Array.from({ length: 100 }, (_, i) => ((i + 0.5) / 100) * durationUs)
  const sum = steps.reduce((total, us) => total + (offeredPerS(arrivals, us) ?? 0), 0)
  return Math.ceil((sum / 100) * (durationUs / 1e6))
}

function durationOf(phase: Phase): number | null {
  const spans = phase.until.flatMap((rule) => (rule.kind === 'duration' ? [rule.us] : []))
  return spans.length === 0 ? null : Math.min(...spans) + phase.warmupUs
}
