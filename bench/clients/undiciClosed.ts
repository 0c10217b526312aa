// A closed loop on undici's Client.dispatch with a bare handler: what a generator built on undici
// reaches at the most. usage: node undiciClosed.ts URL CONNECTIONS SECONDS

import { createHistogram } from 'node:perf_hooks'
import { Client, type Dispatcher } from 'undici'

const [url = '', connectionsText = '64', secondsText = '5'] = process.argv.slice(2)
const { origin, pathname } = new URL(url)
const seconds = Number(secondsText)
const latencies = createHistogram()
const clients = Array.from({ length: Number(connectionsText) }, () => new Client(origin))
const startMs = performance.now()
const endMs = startMs + seconds * 1000
let requests = 0
let failures = 0

await Promise.all(clients.map(loop))

const measuredS = (performance.now() - startMs) / 1000
const [p50Us, p99Us] = [latencies.percentile(50), latencies.percentile(99)]
const result = { requests, seconds: measuredS, failures, p50Us, p99Us }
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)

function loop(client: Client): Promise<void> {
  return new Promise((resolve) => {
    let sentMs = 0
    const send = () => {
      sentMs = performance.now()
      if (sentMs >= endMs) return resolve()
      client.dispatch({ method: 'GET', path: pathname }, handler)
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd() {
        requests++
        latencies.record(Math.max(1, Math.round((performance.now() - sentMs) * 1000)))
        send()
      },
      onResponseError() {
        failures++
        send()
      },
    }
    send()
  })
}
