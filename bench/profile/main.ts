// `npm run bench:profile`: the profiler against limiters whose truth is known, in virtual time.
// `--write` puts the tables into docs/profile.md; `--sets`, `--seeds`, `--seed` change its size, `--chains`
// how many sets of each kind of two limiters there are; `--only 'token bucket'` runs classes whose name has
// that text.

import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type ChainOutcome, chainCases, runChain } from '../../src/testing/profileChains.ts'
import { type GridOutcome, gridCases, runCase } from '../../src/testing/profileGrid.ts'
import { gridReport, isRight } from './report.ts'

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: '20' },
    seeds: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    chains: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '2' },
    share: { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

const seed = Number(values.seed)
const size = { sets: Number(values.sets), seeds: Number(values.seeds) }
const jobs = Number(values.jobs)

if (values.share === undefined) await report()
else await work(Number(values.share))

/** A child's part of the grid; outcomes go to the parent one by one. */
async function work(share: number): Promise<void> {
  for (const [i, run] of runsAsked().entries()) {
    if (i % jobs === share) process.send!(await run())
  }
  process.disconnect?.()
}

function runsAsked(): readonly (() => Promise<Outcome>)[] {
  const isAsked = (name: string) => name.includes(values.only ?? '')
  const chains = { sets: Number(values.chains), seeds: size.seeds }
  return [
    ...gridCases(size, seed)
      .filter(({ of }) => isAsked(of.name))
      .map((each) => () => runCase(each)),
    ...chainCases(chains, seed)
      .filter(({ name }) => isAsked(name))
      .map((each) => () => runChain(each)),
  ]
}

async function report(): Promise<void> {
  const outcomes: Outcome[] = []
  const shares = Array.from({ length: jobs }, (_, share) => share)
  const total = runsAsked().length
  const take = (outcome: Outcome) => {
    show(outcome, `${outcomes.push(outcome)} of ${total}`)
  }
  await Promise.all(shares.map((share) => child(share, take)))
  const grid = outcomes.filter((outcome) => 'verdict' in outcome)
  const chains = outcomes.filter((outcome) => 'found' in outcome)
  const { text, isMet } = gridReport(grid, chains, { ...size, seed, chains: Number(values.chains) })
  process.stdout.write(text)
  if (values.write) {
    writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'profile.md'), text)
  }
  process.exitCode = isMet ? 0 : 1
}

type Outcome = GridOutcome | ChainOutcome

function child(share: number, take: (outcome: Outcome) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = fork(import.meta.filename, [...process.argv.slice(2), '--share', String(share)])
    worker.on('message', (outcome) => take(outcome as Outcome))
    worker.on('error', reject)
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))))
  })
}

/** What is not plain, and how far it is. */
function show(outcome: Outcome, progress: string): void {
  const { name, set, seed: of, requests, said } = outcome
  const [result, isPlain] =
    'verdict' in outcome
      ? [outcome.verdict, isRight(outcome) && outcome.isLimitExact !== false]
      : [`${outcome.found} of 2`, outcome.found === 2 && outcome.wrong === 0]
  const { stderr } = process
  if (values.verbose || !isPlain) {
    stderr.write(`${name}, set ${set}, seed ${of}: ${result}, ${requests} requests: ${said}\n`)
  }
  if (stderr.isTTY) stderr.write(`${progress}\r`)
}
