// The manifest of a run: everything needed to understand or repeat it, written before the first
// request. Holds no secret: the plan has none, and the text goes through the redactor.

import { arch, cpus, release, totalmem, type } from 'node:os'
import { type Plan, planHash } from '../load/plan.ts'

export const manifestSchema = 'limitscope.manifest/1'

/** `manifest.json`. */
export interface Manifest {
  readonly schema: typeof manifestSchema
  readonly runId: string
  /** ISO 8601, and the same in ms; times in the run's files are µs since then. */
  readonly epoch: string
  readonly epochUnixMs: number
  readonly seed: number
  readonly planHash: string
  readonly target: string
  /** Versions. */
  readonly limitscope: string
  readonly node: string
  readonly host: {
    readonly system: string
    readonly cpu: string
    readonly cores: number
    readonly memoryBytes: number
  }
  readonly pacing: string
  readonly argv: readonly string[]
  readonly warnings: readonly string[]
  readonly plan: Plan
}

export interface ManifestParts {
  readonly plan: Plan
  readonly version: string
  readonly startedMs: number
  readonly targetUrl: string
  readonly warnings: readonly string[]
  /** How the engine keeps time: spin, or timers only. */
  readonly pacing: string
  readonly argv: readonly string[]
}

/** The manifest as JSON text. */
export function manifestText(parts: ManifestParts, redact: (text: string) => string): string {
  const { plan, startedMs } = parts
  const manifest: Manifest = {
    schema: manifestSchema,
    runId: plan.runId,
    epoch: new Date(startedMs).toISOString(),
    epochUnixMs: startedMs,
    seed: plan.seed,
    planHash: planHash(plan),
    target: parts.targetUrl,
    limitscope: parts.version,
    node: process.versions.node,
    host: {
      system: `${type()} ${release()} ${arch()}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
    },
    pacing: parts.pacing,
    argv: parts.argv,
    warnings: parts.warnings,
    plan,
  }
  return `${redact(JSON.stringify(manifest, null, 2))}\n`
}
