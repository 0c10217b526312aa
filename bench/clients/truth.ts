// What limitscope measures of the embedded gateway against what the gateway knows of the same
// requests, one by one, at a fifth of the rate that the two reach. The first ten seconds are left
// out: code is compiled in them, on the core that sends. usage: node truth.ts SECONDS [GATEWAY-FLAG...]
// Prints one JSON object: quantiles of both, errors, and errors as shares of what is allowed.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepAwake } from '../lib/awake.ts'
import { Children, prioritise } from '../lib/children.ts'
import { clientCpu, makeScratch, removeFolder, serverCpu } from '../lib/context.ts'
import { limitscopeArgv, startGateway } from '../lib/gateway.ts'
import { quantile } from '../lib/statistics.ts'

const seconds = Number(process.argv[2] ?? 5)
const gatewayFlags = process.argv.slice(3)
const warmupS = 10
/** Share of the ceiling at which is measured. */
const loadShare = 0.2
const allowedLeastUs = 500
const allowedShare = 0.01
const body =
  '{"model":"limitscope-small","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}'

const children = new Children()
const scratchPath = makeScratch()
process.on('SIGTERM', () => children.endAll())

try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
} finally {
  children.endAll()
  removeFolder(scratchPath)
}

async function measure(): Promise<Record<string, number>> {
  const logPath = join(scratchPath, 'decisions.jsonl')
  const flags = ['--preset', 'plain', ...gatewayFlags, '--log', logPath]
  const gateway = await startGateway(children, flags)
  const vigil = keepAwake(children, serverCpu)
  const ceiling = await load(gateway.url, ['-c', '64', '--no-save'])
  const ratePerS = Math.floor((ceiling.requests / (ceiling.durationUs / 1e6)) * loadShare)
  // What else the machine does would be done before the gateway takes the time of an arrival. Not in
  // the closed loop, in which it never sleeps.
  prioritise(gateway.pid, 'urgent')
  await load(gateway.url, ['-r', `${ratePerS}/s`, '--warmup', `${warmupS}s`, '--out', scratchPath])
  await vigil.end()
  gateway.stop()
  await gateway.end
  const known = trueTimes(readFileSync(logPath, 'utf8'))
  const pairs = serviceTimes(requestsFile()).flatMap(({ id, us }) => {
    const trueUs = known.get(id)
    return trueUs === undefined ? [] : [[us, trueUs] as const]
  })
  if (pairs.length === 0) throw new Error('no request is in both records')
  const measured = Float64Array.from(pairs, ([us]) => us)
  const truth = Float64Array.from(pairs, ([, us]) => us)
  return { ratePerS, requests: pairs.length, ...compared(measured, truth) }
}

interface Run {
  readonly requests: number
  readonly durationUs: number
}

async function load(url: string, flags: readonly string[]): Promise<Run> {
  const request = ['-m', 'POST', '-H', 'content-type: application/json', '-b', body]
  const output = ['--json', '--reporter', 'silent']
  const target = `${url}/v1/chat/completions`
  const argv = [
    ...limitscopeArgv,
    'load',
    target,
    '-d',
    `${seconds}s`,
    ...request,
    ...flags,
    ...output,
  ]
  const { stdout, stderr } = await children.run(argv, { cpu: clientCpu, timeoutS: seconds + 60 })
  if (!stdout.includes('{')) throw new Error(`limitscope load: ${stderr.trim()}`)
  const summary = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Summary
  const { counts, durationUs } = summary.scenarios[0]!
  if (counts.ok === 0) throw new Error('limitscope load: no request was answered')
  return { requests: counts.ok, durationUs }
}

interface Summary {
  readonly scenarios: readonly { readonly durationUs: number; readonly counts: { ok: number } }[]
}

function requestsFile(): string {
  const files = readdirSync(scratchPath, { recursive: true }).map(String)
  const path = files.find((file) => file.endsWith('requests.csv'))
  if (path === undefined) throw new Error('limitscope load wrote no requests.csv')
  return readFileSync(join(scratchPath, path), 'utf8')
}

/** From the send to the end, of requests that were answered after the warm-up. */
function serviceTimes(csv: string): { id: string; us: number }[] {
  const [head = '', ...lines] = csv.trimEnd().split('\n')
  const columns = head.split(',')
  const at = (name: string) => columns.indexOf(name)
  const [run, seq, intended] = [at('run_id'), at('seq'), at('intended_us')]
  const [sent, end, outcome] = [at('sent_us'), at('end_us'), at('outcome')]
  const rows = lines.map((line) => line.split(','))
  const firstUs = Math.min(...rows.slice(0, 100).map((cells) => Number(cells[intended])))
  return rows
    .filter(
      (cells) => cells[outcome] === 'ok' && Number(cells[intended]) >= firstUs + warmupS * 1e6,
    )
    .map((cells) => ({
      id: `${cells[run]}-${cells[seq]}`,
      us: Number(cells[end]) - Number(cells[sent]),
    }))
}

/** From the arrival of the head to the complete answer, by the id of the request. */
function trueTimes(log: string): ReadonlyMap<string, number> {
  const decisions = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Decision)
  return new Map(
    decisions.map(({ requestId, arrivedUs, settledUs }) => [requestId, settledUs - arrivedUs]),
  )
}

interface Decision {
  readonly requestId: string
  readonly arrivedUs: number
  readonly settledUs: number
}

function compared(measuredUs: Float64Array, trueUs: Float64Array): Record<string, number> {
  const parts = (
    [
      ['P50', 0.5],
      ['P99', 0.99],
    ] as const
  ).map(([name, q]) => {
    const truthUs = quantile(trueUs, q) ?? Number.NaN
    const errorUs = Math.abs((quantile(measuredUs, q) ?? Number.NaN) - truthUs)
    const allowedUs = Math.max(allowedLeastUs, allowedShare * truthUs)
    return {
      [`truth${name}Us`]: truthUs,
      [`error${name}Us`]: errorUs,
      [`share${name}`]: errorUs / allowedUs,
    }
  })
  return Object.assign({}, ...parts)
}
