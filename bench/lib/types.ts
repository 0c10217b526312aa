// What the bench measures and what it makes of it, as plain data: the content of its JSON file.

/**
 * Figures of one run by name; the end of a name is its unit (`…PerS`, `…Us`, `…Ms`, `…Share`,
 * `…Bytes`). Null: not told.
 */
export type Values = Readonly<Record<string, number | null>>

/** One run of one tool. */
export interface Reading {
  readonly values: Values
  /** Share of one CPU that the server took; null without a server. */
  readonly serverBusyShare: number | null
  /** Share of one CPU taken by everything that was neither client, server nor the bench. */
  readonly foreignShare: number
  /** The figures must not be used: nothing was answered, or something failed. */
  readonly isUsable: boolean
  /** Whatever was not as it should be. */
  readonly problems: readonly string[]
}

/** A reading and where it belongs. */
export interface Measurement extends Reading {
  readonly group: string
  /** What distinguishes runs within a group: 'small', '1000/s'. */
  readonly case: string
  readonly tool: string
  readonly round: number
  /** Runs of a case and round with the same number were neighbours in time. */
  readonly pair: number
  readonly attempts: number
}

/** A run to make. */
export interface Step {
  readonly case: string
  readonly tool: string
  readonly round: number
  readonly pair: number
  /** About how long it takes. */
  readonly seconds: number
  run(): Promise<Reading>
}

export interface Target {
  readonly bound: 'least' | 'most' | 'above' | 'below'
  readonly value: number
}

export type Verdict = 'met' | 'missed' | 'not measured' | 'for information'

export type Unit = 'ratio' | 'PerS' | 'Us' | 'Ms' | 'Share' | 'Bytes' | 'number'

/** One line of the result: what was wanted, what was reached. */
export interface Row {
  readonly what: string
  readonly unit: Unit
  readonly target: Target | null
  /** One per pair or round; the verdict is about their median. */
  readonly samples: readonly number[]
  readonly verdict: Verdict
  /** Why it was not measured, or what else to know; '' for nothing. */
  readonly note: string
}

/** A column of a group's table of figures. */
export interface Figure {
  readonly value: string
  readonly title: string
}

/** A group of measurements: steps are run, rows are folded from what they gave. */
export interface Group {
  readonly name: string
  readonly title: string
  /** How it is measured, in plain English, for the report. */
  readonly how: string
  readonly figures: readonly Figure[]
  steps(): readonly Step[]
  rows(measurements: readonly Measurement[]): readonly Row[]
}

export interface GroupResult extends Pick<Group, 'name' | 'title' | 'how' | 'figures'> {
  readonly rows: readonly Row[]
  /** The commit that was measured, where that is another than the result's. */
  readonly commit?: string
  /** Targets missed by the run before that this one takes the place of. */
  readonly missedBefore?: number
  /** The client's core just before; null: it was not looked at. */
  readonly idleCore?: IdleCore | null
}

/** A core on which nothing of ours runs. */
export interface IdleCore {
  /** Share of the time that went by in gaps above 0.1 ms. */
  readonly lostShare: number
  readonly gapMsMax: number
}

export interface ToolVersion {
  readonly name: string
  /** Null: the tool is absent. */
  readonly version: string | null
  /** Why it is absent; '' otherwise. */
  readonly note: string
}

export interface Machine {
  readonly cpu: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly system: string
  readonly kernel: string
  readonly node: string
}

export const benchSchema = 'limitscope.bench/1'

/** The whole file. */
export interface BenchResult {
  readonly schema: typeof benchSchema
  readonly startedAt: string
  readonly endedAt: string
  /** False: it was interrupted. */
  readonly isComplete: boolean
  readonly options: {
    readonly only: readonly string[]
    readonly rounds: number
    readonly seconds: number
    readonly openSeconds: number
    readonly quick: boolean
    readonly calmShare?: number | null
  }
  readonly commit: string
  readonly machine: Machine
  readonly versions: readonly ToolVersion[]
  readonly groups: readonly GroupResult[]
  readonly measurements: readonly Measurement[]
}
