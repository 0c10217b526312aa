// Whether two runs did the same, so that what differs is the target.

import type { Plan } from '../load/plan.ts'
import type { Manifest } from '../recording/manifest.ts'

/** Where two runs differ. */
export interface Differences {
  /** Reasons why their numbers say nothing about each other. */
  readonly refusals: readonly string[]
  /** What somebody who reads the comparison should know. */
  readonly notes: readonly string[]
}

/** Parts of a plan that decide what was sent and how it was read. */
export const decisive = ['scenarios', 'shapes', 'lanes', 'dialect', 'rules', 'caps'] as const
/** Parts that may differ: they are what is compared, or chance. */
const telling = ['seed', 'target', 'limiters'] as const

/** What differs between the run `a` and the run `b`. */
export function differencesOf(a: Manifest, b: Manifest): Differences {
  if (a.planHash === b.planHash) return { refusals: versionsOf(a, b), notes: hostsOf(a, b) }
  const refusals = decisive
    .filter((part) => differs(a.plan, b.plan, part))
    .map((part) => {
      return `${part} differ: ${whereDiffers(a.plan[part], b.plan[part], part)}`
    })
  const notes = telling
    .filter((part) => differs(a.plan, b.plan, part))
    .map((part) => `${part}: ${whereDiffers(a.plan[part], b.plan[part], part)}`)
  return { refusals: [...refusals, ...versionsOf(a, b)], notes: [...notes, ...hostsOf(a, b)] }
}

function versionsOf(a: Manifest, b: Manifest): string[] {
  if (a.limitscope === b.limitscope) return []
  return [`measured by limitscope ${a.limitscope} and ${b.limitscope}`]
}

function hostsOf(a: Manifest, b: Manifest): string[] {
  const told = ({ host, pacing }: Manifest) => `${host.cpu}, ${host.cores} cores, ${pacing}`
  return told(a) === told(b) ? [] : [`generator: ${told(a)} against ${told(b)}`]
}

function differs(a: Plan, b: Plan, part: keyof Plan): boolean {
  return JSON.stringify(a[part]) !== JSON.stringify(b[part])
}

/** The first place at which two values differ: 'scenarios[0].phases[0].arrivals.perS 50, 60'. */
function whereDiffers(a: unknown, b: unknown, path: string): string {
  if (isTree(a) && isTree(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (JSON.stringify(a[key]) === JSON.stringify(b[key])) continue
      const step = Array.isArray(a) ? `[${key}]` : `.${key}`
      return whereDiffers(a[key], b[key], path + step)
    }
  }
  return `${path} is ${short(a)} and ${short(b)}`
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function short(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
