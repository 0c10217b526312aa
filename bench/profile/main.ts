// `npm run bench:profile`: the profiler against limiters whose truth is known, in virtual time.
// `--write` puts the table into docs/profile.md; `--sets`, `--seeds`, `--seed` change its size;
// `--only 'token bucket'` runs classes whose name has that text.

import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type GridOutcome, gridCases, runCase } from '../../src/testing/profileGrid.ts'
import { gridReport } from './report.ts'

const { values } = parseArgs({
  options: {
    sets: { type: 'string', default: '20' },
    seeds: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
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
  const cases = gridCases(size, seed).filter(({ of }) => of.name.includes(values.only ?? ''))
  for (const [i, each] of cases.entries()) {
    if (i % jobs === share) process.send!(await runCase(each))
  }
  process.disconnect?.()
}

async function report(): Promise<void> {
  const outcomes: GridOutcome[] = []
  const shares = Array.from({ length: jobs }, (_, share) => share)
  await Promise.all(shares.map((share) => child(share, (outcome) => outcomes.push(show(outcome)))))
  const { text, isMet } = gridReport(outcomes, { ...size, seed })
  process.stdout.write(text)
  if (values.write) {
    writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'profile.md'), text)
  }
  process.exitCode = isMet ? 0 : 1
}

function child(share: number, take: (outcome: GridOutcome) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = fork(import.meta.filename, [...process.argv.slice(2), '--share', String(share)])
    worker.on('message', (outcome) => take(outcome as GridOutcome))
    worker.on('error', reject)
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit ${code}`))))
  })
}

function show(outcome: GridOutcome): GridOutcome {
  const { verdict, isLimitExact, name, set, seed: of, requests, said } = outcome
  const isPlain = (verdict === 'right' || verdict === 'tie') && isLimitExact !== false
  if (values.verbose || !isPlain) {
    process.stderr.write(
      `${name}, set ${set}, seed ${of}: ${verdict}, ${requests} requests: ${said}\n`,
    )
  }
  return outcome
}
