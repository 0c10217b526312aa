// A document that a config or scenario was written in: its value, and where in it things are.

import type { Path } from './values.ts'

/** What is wrong at a place. */
export interface Problem {
  readonly path: Path
  /** 'expected X' or 'expected X; hint'; other texts are shown as they are. */
  readonly message: string
  /** What was found, where that is not the value at `path`. */
  readonly got?: string
  /** The words to choose from: the nearest becomes a hint. */
  readonly choices?: readonly string[]
}

/** Where problems are reported. */
export interface Source {
  /** The file as people know it, or what stands for it: 'the command line'. */
  readonly name: string
  readonly value: unknown
  /** ':3:5', or '' where it is not known. */
  positionOf(path: Path): string
  /** What was written where the environment was filled in, without defaults. */
  writtenAt(path: Path): string | undefined
  /** What is wrong already before any schema is asked. */
  readonly problems: readonly Problem[]
}

/** A value made by code. */
export function plainSource(name: string, value: unknown): Source {
  return { name, value, positionOf: () => '', writtenAt: () => undefined, problems: [] }
}
