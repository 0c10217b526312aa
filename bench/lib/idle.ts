// How much a machine that does nothing for us takes from us all the same: no tail is shorter.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatShare, formatSpan } from '../../src/core/format.ts'
import { type Context, clientCpu, rootPath } from './context.ts'
import type { IdleCore } from './types.ts'

const looksS = 4
const pauseMs = 15_000
const waitMsMost = 300_000

/**
 * Looks at the client's core; with `--calm`, again and again until it is as calm or time is up. Null
 * when it cannot be looked at.
 */
export async function watchIdleCore(
  { options, children }: Context,
  isInterrupted: () => boolean,
): Promise<IdleCore | null> {
  const untilMs = performance.now() + waitMsMost
  for (;;) {
    const argv = [process.execPath, join(rootPath, 'bench/clients/idle.ts'), String(looksS)]
    const look = { cpu: clientCpu, timeoutS: looksS + 30 }
    const { exitCode, stdout } = await children.run(argv, look)
    if (exitCode !== 0 || isInterrupted()) return null
    const core = JSON.parse(stdout) as IdleCore
    const { lostShare, gapMsMax } = core
    const seen = `an idle core loses ${formatShare(lostShare)} of its time, ${formatSpan(gapMsMax * 1000)} at once at most`
    const isCalm = options.calmShare === null || lostShare <= options.calmShare
    if (isCalm || performance.now() + pauseMs > untilMs) {
      process.stderr.write(`${seen}${isCalm ? '' : ': it does not get calmer'}\n`)
      return core
    }
    process.stderr.write(`${seen}: waiting for ${formatShare(options.calmShare!)}\n`)
    for (let ms = 0; ms < pauseMs && !isInterrupted(); ms += 500) await sleep(500)
  }
}
