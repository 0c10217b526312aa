// What the bench is told on its command line.

import { parseArgs } from 'node:util'

export interface Options {
  /** Groups to run, by name; empty: all. */
  readonly only: readonly string[]
  /** Rounds of alternating runs; default 5, quick 2. */
  readonly rounds: number
  /** Length of a closed-loop run in s; default 5, quick 2. */
  readonly seconds: number
  /** Length of an open-loop run in s; default 30, quick 10. */
  readonly openSeconds: number
  readonly quick: boolean
  /** Share of its time that an idle core may lose when a group begins; null: whatever it is. */
  readonly calmShare: number | null
}

export const usage =
  'usage: node bench/main.ts [--only NAME,...] [--rounds 5] [--seconds 5] [--open-seconds 30] [--quick] [--calm 2%]'

/** Throws an error with a message for the user. */
export function readOptions(args: readonly string[], groupNames: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'open-seconds': { type: 'string' },
      quick: { type: 'boolean', default: false },
      calm: { type: 'string' },
    },
  })
  const { quick } = values
  const only = values.only.flatMap((names) => names.split(',')).filter((name) => name !== '')
  const strange = only.filter((name) => !groupNames.includes(name))
  if (strange.length > 0) {
    throw new Error(`--only: no '${strange.join(', ')}'; there are ${groupNames.join(', ')}`)
  }
  return {
    only,
    rounds: positive('--rounds', values.rounds, quick ? 2 : 5),
    seconds: positive('--seconds', values.seconds, quick ? 2 : 5),
    openSeconds: positive('--open-seconds', values['open-seconds'], quick ? 10 : 30),
    quick,
    calmShare: values.calm === undefined ? null : share('--calm', values.calm),
  }
}

function share(flag: string, text: string): number {
  const percent = /^(\d+(?:\.\d+)?) ?%$/.exec(text)?.[1]
  if (percent === undefined) throw new Error(`${flag}: expected a share like 2%, got '${text}'`)
  return Number(percent) / 100
}

function positive(flag: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`${flag}: expected a whole number above 0, got '${text}'`)
}
