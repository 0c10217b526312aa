// `npm run bench:profile-real`: profiles of real limiters on loopback, against what they are known to
// do. `--write` puts the table into docs/profile-real.md; `--only TEXT` runs those whose name has it;
// `--verbose` tells the profiles in full.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { profileJob } from '../../src/commands/profileJob.ts'
import { runProfile } from '../../src/commands/profileRun.ts'
import type { ProfileDocument } from '../../src/core/profileDocument.ts'
import { algorithmText } from '../../src/profile/wording.ts'
import { profileText } from '../../src/report/profileText.ts'
import { httpServer } from '../../src/testing/servers.ts'
import { type RealCase, realCases } from './cases.ts'
import { type Judged, judge } from './judge.ts'
import { routerLines } from './router.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    write: { type: 'boolean' },
    verbose: { type: 'boolean' },
    seed: { type: 'string', default: '1' },
  },
})

interface Result {
  readonly of: RealCase
  readonly document: ProfileDocument
  readonly judged: Judged
}

const upstream = await httpServer((request, response) => {
  setTimeout(() => response.end('ok'), Number(request.url!.slice(1)) || 0)
})
const { cases, missing } = realCases()
const chosen = cases.filter(
  ({ limiter, settings }) =>
    values.only === undefined || `${limiter} ${settings}`.includes(values.only),
)
const results: Result[] = []
for (const each of chosen) results.push(await profiled(each))
await upstream.close()

const isRouterAsked = values.only === undefined || 'lossy router'.includes(values.only)
const router = isRouterAsked ? await routerLines(Number(values.seed)) : null
const lines = [...tableOf(results), '', ...notes(), ...(router?.lines ?? [])]
process.stdout.write(`${lines.join('\n')}\n`)
if (values.write === true) writeFileSync(docPath(), `${docHead()}${lines.join('\n')}\n`)
const isMet = results.every(({ judged }) => isGood(judged)) && router?.isMet !== false
process.exitCode = isMet ? 0 : 1

async function profiled(of: RealCase): Promise<Result> {
  const server = await of.start(upstream.origin)
  try {
    const job = profileJob(server.origin + (of.path ?? '/'), {
      header: ['authorization: Bearer profile-real'],
      maxRequests: 1_500,
      maxDuration: '2m',
      seed: Number(values.seed),
      ...of.flags,
    })
    const { document } = await runProfile(job, {})
    const judged = judge(document, of.truth)
    process.stderr.write(`${of.limiter} (${of.settings}): ${judged.verdict}\n`)
    if (values.verbose === true) {
      process.stderr.write(`${profileText(document, { colour: false, columns: 100 })}\n\n`)
    }
    return { of, document, judged }
  } finally {
    await server.close()
  }
}

function docHead(): string {
  return `# Profiles of real limiters

Printed by \`npm run bench:profile-real -- --write\`: limiters that nobody here wrote, on loopback and on
the real clock, against what they do by their own documentation and source. *tie*: the true algorithm is
named among those that no probe that was sent could tell apart.

`
}

function isGood({ verdict, isLimitExact, isChargeRight }: Judged): boolean {
  return (verdict === 'right' || verdict === 'tie') && isLimitExact && isChargeRight !== false
}

function tableOf(all: readonly Result[]): string[] {
  return [
    '| limiter | settings | found | class | limit | window or refill, error | requests | time |',
    '| --- | --- | --- | --- | ---: | ---: | ---: | ---: |',
    ...all.map(rowOf),
  ]
}

function rowOf({ of, document, judged }: Result): string {
  const [limiter] = document.limiters
  const { relativeError } = judged
  const found =
    limiter === undefined
      ? document.reasons.join('; ')
      : [
          algorithmText(limiter.algorithm),
          ...(limiter.chargesRejected === true ? ['charging rejects'] : []),
          ...(limiter.equivalents.length > 0 ? [`(or: ${limiter.equivalents.join(', ')})`] : []),
        ].join(' ')
  const limit = limiter === undefined ? '–' : String(limiter.burst ?? limiter.limit ?? '–')
  const cells = [
    of.limiter,
    of.settings,
    found,
    judged.verdict,
    judged.isLimitExact ? limit : `**${limit}**`,
    relativeError === null ? '–' : `${(relativeError * 100).toFixed(2)} %`,
    String(document.requests),
    `${(document.durationMs / 1000).toFixed(1)} s`,
  ]
  return `| ${cells.join(' | ')} |`
}

function notes(): string[] {
  const good = results.filter(({ judged }) => isGood(judged)).length
  const exact = results.filter(({ judged }) => judged.isLimitExact).length
  return [
    `Class right or its tie named, limit exact: ${good} of ${results.length}; limit exact: ${exact} of ${results.length}.`,
    ...(missing.length === 0 ? [] : [`Not on this machine: ${missing.join(', ')}.`]),
    '',
  ]
}

function docPath(): string {
  return join(import.meta.dirname, '..', '..', 'docs', 'profile-real.md')
}
