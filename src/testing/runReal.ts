// For tests: a run against a real server on the real clock, in this thread.

import type { RunEvent } from '../core/event.ts'
import { realClock, wallMs } from '../core/realClock.ts'
import { copyRecord, type RequestRecord } from '../core/record.ts'
import { saturate } from '../drivers/autocannon.ts'
import { Engine, type EngineResult } from '../engine/engine.ts'
import { openTransport } from '../engine/transport.ts'
import type { Plan } from '../load/plan.ts'
import { FindingsFold, type LimiterFinding } from '../recording/findings.ts'

export interface RealRun {
  readonly records: RequestRecord[]
  readonly events: RunEvent[]
  readonly findings: LimiterFinding[]
  readonly result: EngineResult
}

export async function runReal(plan: Plan, origin: string): Promise<RealRun> {
  const epochMs = Math.floor(wallMs())
  const clock = realClock({ epochMs, spinUs: 1500 })
  const transport = await openTransport(origin, clock, plan)
  const records: RequestRecord[] = []
  const events: RunEvent[] = []
  const findings = new FindingsFold(plan)
  const secrets = plan.lanes.map(
    (lane) => [lane.name, { authorization: `Bearer sk-${lane.tier}-key` }] as const,
  )
  const engine = new Engine({
    plan,
    secrets: new Map(secrets),
    clock,
    driverOf: (name, to) => transport.driverOf(name, to),
    epochMs,
    userAgent: 'limitscope/test',
    origin,
    pathPrefix: '',
    stepDriverTo: (to) => transport.stepDriverTo(to),
    sink: {
      record(record) {
        records.push(copyRecord(record))
        findings.add(record)
      },
      event: (event) => events.push(event),
      gaps: () => {},
      progress: () => {},
    },
    meet: null,
    saturate: (options, next) => saturate(origin, clock, options, next),
  })
  try {
    const result = await engine.run()
    return { records, events, findings: findings.all(), result }
  } finally {
    await transport.close()
  }
}
