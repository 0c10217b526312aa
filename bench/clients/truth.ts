// What limitscope measures of the embedded gateway against what the gateway knows of the same
// requests, at a fifth of the rate that the two reach. usage: node truth.ts SECONDS
// Prints one JSON object: quantiles of both, errors, and errors as shares of what is allowed.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Children } from '../lib/children.ts'
import { clientCpu, makeScratch, removeFolder, rootPath, serverCpu } from '../lib/context.ts'
import { quantile } from '../lib/statistics.ts'

const seconds = Number(process.argv[2] ?? 5)
/** Share of the ceiling at which is measured. */
const loadShare = 0.2
const allowedLeastUs = 500
const allowedShare = 0.01
const body =
  '{"model":"limitscope-small","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}'

const children = new Children()
const scratchPath = makeScratch()
const limitscope = [process.execPath, join(rootPath, 'bin/limitscope.js')]
process.on('SIGTERM', () => children.endAll())

try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
} finally {
  children.endAll()
  removeFolder(scratchPath)
}

async function measure(): Promise<Record<string, number>> {
  const logPath = join(scratchPath, 'decisions.jsonl')
  const gateway = await startGateway(logPath)
  const ceiling = await load(gateway.url, ['-c', '64', '--no-save'])
  const ratePerS = Math.floor((ceiling.requests / (ceiling.durationUs / 1e6)) * loadShare)
  const run = await load(gateway.url, [
    '-r',
    `${ratePerS}/s`,
    '--pacing',
    'spin',
    '--out',
    scratchPath,
  ])
  gateway.stop()
  await gateway.end
  const measured = serviceTimes(requestsFile())
  const known = trueTimes(readFileSync(logPath, 'utf8'), Date.parse(run.startedAt) * 1000)
  return { ratePerS, requests: measured.length, ...compared(measured, known) }
}

async function startGateway(logPath: string) {
  const flags = ['--preset', 'plain', '--port', '0', '--ttft', '5ms', '--json', '--log', logPath]
  const running = children.start([...limitscope, 'gateway', ...flags], { cpu: serverCpu })
  for (let i = 0; i < 250; i++) {
    const text = running.output()
    if (text.includes('\n')) {
      const { url } = JSON.parse(text) as { url: string }
      return { url, end: running.end, stop: () => running.signal('SIGTERM') }
    }
    await sleep(20)
  }
  throw new Error('the gateway does not start')
}

interface Run {
  readonly startedAt: string
  readonly requests: number
  readonly durationUs: number
}

async function load(url: string, flags: readonly string[]): Promise<Run> {
  const request = ['-m', 'POST', '-H', 'content-type: application/json', '-b', body]
  const output = ['--json', '--reporter', 'silent']
  const target = `${url}/v1/chat/completions`
  const argv = [...limitscope, 'load', target, '-d', `${seconds}s`, ...request, ...flags, ...output]
  const { stdout, stderr } = await children.run(argv, { cpu: clientCpu, timeoutS: seconds + 60 })
  if (!stdout.includes('{')) throw new Error(`limitscope load: ${stderr.trim()}`)
  const summary = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Summary
  const { counts, durationUs } = summary.scenarios[0]!
  if (counts.ok === 0) throw new Error('limitscope load: no request was answered')
  return { startedAt: summary.startedAt, requests: counts.ok, durationUs }
}

interface Summary {
  readonly startedAt: string
  readonly scenarios: readonly { readonly durationUs: number; readonly counts: { ok: number } }[]
}

function requestsFile(): string {
  const files = readdirSync(scratchPath, { recursive: true }).map(String)
  const path = files.find((file) => file.endsWith('requests.csv'))
  if (path === undefined) throw new Error('limitscope load wrote no requests.csv')
  return readFileSync(join(scratchPath, path), 'utf8')
}

/** From the send to the end, of requests that were answered. */
function serviceTimes(csv: string): Float64Array {
  const [head = '', ...lines] = csv.trimEnd().split('\n')
  const columns = head.split(',')
  const [sent, end, outcome] = ['sent_us', 'end_us', 'outcome'].map((name) => columns.indexOf(name))
  const rows = lines.map((line) => line.split(',')).filter((cells) => cells[outcome!] === 'ok')
  return Float64Array.from(rows, (cells) => Number(cells[end!]) - Number(cells[sent!]))
}

/** From the arrival of the head to the complete answer, of requests since `startUs`. */
function trueTimes(log: string, startUs: number): Float64Array {
  const decisions = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { arrivedUs: number; settledUs: number })
  const own = decisions.filter(({ arrivedUs }) => arrivedUs >= startUs)
  return Float64Array.from(own, ({ arrivedUs, settledUs }) => settledUs - arrivedUs)
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
