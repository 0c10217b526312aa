// The router whose bucket forgets fractions of its refill, behind the embedded gateway: what is said
// about it.

import { profileJob } from '../../src/commands/profileJob.ts'
import { runProfile } from '../../src/commands/profileRun.ts'
import { gatewaySpec } from '../../src/gateway/overrides.ts'
import { startGatewayThread } from '../../src/gateway/thread.ts'

/** 100/s with a burst of 200, as the router has it by default. */
const bucket = '1/10ms burst 200 lossy'

export async function routerLines(seed: number): Promise<{ lines: string[]; isMet: boolean }> {
  const gateway = await startGatewayThread(gatewaySpec('plain', { bucket, ttft: '0ms' }))
  try {
    const job = profileJob(`${gateway.url}/v1/chat/completions`, {
      maxRequests: 4_000,
      maxDuration: '2m',
      seed,
    })
    const { document } = await runProfile(job, {})
    const [limiter] = document.limiters
    const warning = document.warnings.find(({ code }) => code === 'lossy-refill')
    return {
      lines: [
        '## The router that loses fractions of its refill',
        '',
        `Embedded gateway with a bucket of \`${bucket}\`; ${document.requests} requests, ${(document.durationMs / 1000).toFixed(1)} s.`,
        '',
        `- ${document.conclusion}${document.reasons.length > 0 ? ` (${document.reasons.join('; ')})` : ''}: ${limiter?.algorithm ?? 'nothing'}, burst ${limiter?.burst ?? '–'}, refill ${limiter?.refillPerS ?? '–'}/s`,
        `- ${warning === undefined ? 'no warning about its refill' : `warning: ${warning.message}`}`,
      ],
      isMet:
        document.conclusion === 'identified' &&
        limiter?.algorithm === 'token-bucket' &&
        limiter.burst === 200 &&
        warning !== undefined,
    }
  } finally {
    await gateway.close()
  }
}
