// Where a map gets its limiters from: the embedded gateway's own, a config's, a run's, or those that a
// target advertises.

import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ServiceModel } from '../capacity/map/service.ts'
import {
  defineConfig,
  defineScenario,
  lane,
  shape,
  spaced,
  untilRequests,
} from '../config/builders.ts'
import { configFromValue, loadConfig } from '../config/load.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import { UserError } from '../core/errors.ts'
import type { NamedLimiter } from '../core/limits.ts'
import { nearest } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import { advertisedLimiters } from '../engine/advertised.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import type { Lane } from '../load/lanes.ts'
import { limitersOfLane, type Plan } from '../load/plan.ts'
import { StoredFolder } from '../recording/runReader.ts'
import { type Probe, probeAll } from './check.ts'
import { splitHeaders, splitUrl } from './endpointFlags.ts'
import type { CommandIo } from './io.ts'
import { type Prepared, prepare, secretsOf } from './prepare.ts'

export interface MapSourceFlags {
  readonly lane?: string
  readonly header: readonly string[]
  readonly model: string
  /** File of a profile, whose limits are played instead of those that are declared. */
  readonly limits?: string
  readonly service?: Micros
  readonly perToken?: Micros
  readonly verify: boolean
}

/** What a map is made of, and the plan its probes take target, lanes and secrets from. */
export interface MapSource {
  /** For people: 'gateway:kuadrant (its own limits)'. */
  readonly name: string
  readonly prepared: Prepared
  readonly lane: Lane
  readonly limiters: readonly NamedLimiter[]
  readonly service: ServiceModel
  /** Where calls go. */
  readonly path: string
}

const chatPath = '/v1/chat/completions'
const runId = 'map'

/** Finds the limiters of a source; throws `UserError`, also where none are known. */
export async function mapSource(
  source: string,
  flags: MapSourceFlags,
  io: CommandIo,
): Promise<MapSource> {
  const found = await preparedFrom(source, flags, io)
  const { prepared } = found
  const chosen = laneOf(prepared.plan, flags.lane)
  const declared = limitersOfLane(prepared.plan, chosen)
  const isAsked = declared.length === 0 && prepared.plan.target.kind === 'url'
  const probe = isAsked ? await ask(prepared, chosen) : null
  const limiters =
    probe === null ? declared : advertisedLimiters(probe.limits).map(({ limiter }) => limiter)
  if (limiters.length === 0) throw unknownLimits(source, chosen.name)
  const name = `${found.name} (${isAsked ? 'advertised limits' : found.whose})`
  return {
    name,
    prepared,
    lane: chosen,
    limiters,
    service: serviceOf(flags, prepared.gateway, probe),
    path: found.path,
  }
}

interface Found {
  readonly name: string
  readonly whose: string
  readonly prepared: Prepared
  readonly path: string
}

async function preparedFrom(source: string, flags: MapSourceFlags, io: CommandIo): Promise<Found> {
  const path = resolve(io.cwd, source)
  if (/^(https?:\/\/|gateway:)/.test(source)) return fromTarget(source, flags, io)
  if (!existsSync(path)) {
    const message = `map: expected a URL, 'gateway:NAME', the folder of a run or a config file, got '${source}', which is none of them`
    throw new UserError('usage', message)
  }
  if (statSync(path).isDirectory()) return fromRun(source, path, io)
  const loaded = await loadConfig({ ...io, configPath: source })
  const prepared = await prepareMap(loaded, flags, io)
  return { name: source, whose: whoseOf(flags, 'declared limits'), prepared, path: chatPath }
}

function prepareMap(loaded: LoadedConfig, { limits }: MapSourceFlags, io: CommandIo) {
  return prepare(loaded, { runId, scenarios: [], overrides: {}, limits }, io)
}

function whoseOf({ limits }: MapSourceFlags, otherwise: string): string {
  return limits === undefined ? otherwise : `limits of ${limits}`
}

async function fromTarget(source: string, flags: MapSourceFlags, io: CommandIo): Promise<Found> {
  const { header, model } = flags
  const isGateway = source.startsWith('gateway:')
  const { base, path } = isGateway ? { base: source, path: '/' } : splitUrl(source)
  const isBare = path === '/' || path === ''
  const { plain, secret } = splitHeaders(header)
  const call = shape.chat('call', { promptTokens: 1, outputTokensMax: 1, model, headers: plain })
  const value = defineConfig({
    target: base,
    scenarios: [
      defineScenario('map', {
        lanes: [lane('map', {})],
        mix: [isBare ? call : { ...call, path }],
        arrivals: spaced('0ms'),
        until: untilRequests(1),
      }),
    ],
  })
  const loaded = configFromValue(value, 'the command line')
  const prepared = await prepareMap(loaded, flags, io)
  const secrets = isGateway ? prepared.secrets : new Map([['map', secret]])
  return {
    name: source,
    whose: whoseOf(flags, 'its own limits'),
    prepared: { ...prepared, secrets },
    path: isBare ? chatPath : path,
  }
}

async function fromRun(source: string, path: string, io: CommandIo): Promise<Found> {
  const { plan } = new StoredFolder(path).manifest
  const secrets = await secretsOf(plan, io)
  const gateway = plan.target.kind === 'gateway' ? gatewayOfRun(plan, plan.target.preset) : null
  const prepared = { plan, secrets, warnings: [], gateway }
  const chat = plan.shapes.find(({ kind }) => kind === 'chat')
  return { name: source, whose: 'declared limits', prepared, path: chat?.path ?? chatPath }
}

/** The gateway of a run with the limits that the run knew it by. */
function gatewayOfRun({ limiters, lanes }: Plan, preset: string): GatewaySpec {
  const spec = gatewaySpec(preset, {})
  const tiers = new Set([...lanes.map(({ tier }) => tier), ...Object.keys(spec.tiers)])
  const own = [...tiers].map((tier) => [
    tier,
    limiters.filter((limiter) => limiter.tier === null || limiter.tier === tier),
  ])
  return { ...spec, tiers: Object.fromEntries(own) as GatewaySpec['tiers'] }
}

function laneOf({ lanes }: Plan, name: string | undefined): Lane {
  if (name === undefined) return lanes[0]!
  const found = lanes.find((candidate) => candidate.name === name)
  if (found !== undefined) return found
  const names = lanes.map((candidate) => candidate.name)
  const guess = nearest(name, names)
  const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
  const message = `--lane: expected one of ${names.join(', ')}, got '${name}'${hint}`
  throw new UserError('usage', message)
}

/** One request to a target of which nothing is declared. */
async function ask(prepared: Prepared, own: Lane): Promise<Probe> {
  const { plan } = prepared
  const [probe] = await probeAll({ ...prepared, plan: { ...plan, lanes: [own] } })
  if (probe?.outcome === 'ok') return probe
  const status = probe?.status ?? null
  const what = status === null ? (probe?.note ?? 'no answer') : `status ${status}, ${probe!.note}`
  throw new UserError('target', `map: the target was asked for its limits and said: ${what}`)
}

function serviceOf(
  { service, perToken }: MapSourceFlags,
  gateway: GatewaySpec | null,
  probe: Probe | null,
): ServiceModel {
  const known = gateway?.latency
  return {
    baseUs: service ?? known?.ttftUs ?? probe?.serviceUs ?? 0,
    perTokenUs: perToken ?? known?.itlUs ?? 0,
    slowdownPerInFlight: known?.slowdownPerInFlight ?? 0,
  }
}

function unknownLimits(source: string, laneName: string): UserError {
  const message = `map: expected limits, got none: '${source}' declares none for lane ${laneName}, and the target advertises none; declare them in a config (limiters: …), or find them: limitscope profile URL`
  return new UserError('usage', message)
}
