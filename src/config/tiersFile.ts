// From a tiers file to what a forecast is made from; all problems at once.

import { dirname, resolve } from 'node:path'
import { UserError } from '../core/errors.ts'
import type { NamedLimiter } from '../core/limits.ts'
import { windowUsOf } from '../core/limits.ts'
import { parseDurationUs, parseRatePerS } from '../core/units.ts'
import { checkedLines, type ReadOptions, readDocument } from './document.ts'
import { limiterModelOf } from './limiterInput.ts'
import { type TierInput, type TiersInput, tiersSchema } from './tiersInput.ts'

/** A tiers file that is right in itself, and the path of its log. */
export interface TiersFile {
  readonly input: TiersInput
  readonly logPath: string | null
}

/** Reads and checks a tiers file; throws `UserError`. */
export async function readTiersFile(path: string, options: ReadOptions): Promise<TiersFile> {
  const full = resolve(options.cwd, path)
  const { source, isModule } = await readDocument(full, options)
  if (isModule) {
    throw new UserError('config', `${path}: expected YAML or JSON, got a module`)
  }
  const problems = checkedLines(tiersSchema, source, [])
  if (problems.length > 0) throw new UserError('config', problems.join('\n'))
  const input = source.value as TiersInput
  const others = Object.entries(input.tiers).flatMap(([name, tier]) => {
    return tierProblems(name, tier, input.log !== undefined).map((line) => `${path}: ${line}`)
  })
  if (others.length > 0) throw new UserError('config', others.join('\n'))
  const logPath = input.log === undefined ? null : resolve(dirname(full), input.log.path)
  return { input, logPath }
}

/** The limiters of a tier, in the order in which they are asked. */
export function limitersOfTier({ limiters = {} }: TierInput): NamedLimiter[] {
  return Object.entries(limiters).map(([name, input]) => ({
    name,
    model: limiterModelOf(name, input),
  }))
}

const horizonUsLeast = 300e6
const windowUsMost = 3600e6

/** What the file says of time, or what its windows ask for. */
export function horizonOf({ horizon, tiers }: TiersInput): { horizonUs: number; warmupUs: number } {
  const windows = Object.values(tiers)
    .flatMap(limitersOfTier)
    .map(({ model }) => windowUsOf(model.algorithm) ?? 0)
    .filter((us) => us <= windowUsMost)
  const longest = Math.max(0, ...windows)
  const horizonUs =
    horizon === undefined ? Math.max(horizonUsLeast, 3 * longest) : parseDurationUs(horizon)
  return { horizonUs, warmupUs: Math.min(longest, horizonUs) }
}

/** '5%' → 0.05. */
export function relativeOf(share: string | undefined): number {
  return share === undefined ? 0 : Number.parseFloat(share) / 100
}

function tierProblems(name: string, tier: TierInput, hasLog: boolean): string[] {
  const missing = (['rate', 'prompt', 'completion'] as const).filter(
    (key) => tier[key] === undefined,
  )
  const lacks =
    hasLog || missing.length === 0
      ? []
      : [`tiers.${name}: expected ${missing.join(', ')}; or a log that says it`]
  const perS = tier.rate === undefined ? 0 : parseRatePerS(tier.rate)
  const tooMany = perS * (tier.keys ?? 1) > callsPerSMost
  return tooMany
    ? [...lacks, `tiers.${name}: expected at most ${callsPerSMost} calls per second`]
    : lacks
}

/** More are no traffic that is played in any patience. */
const callsPerSMost = 20_000
