// What a limiter of tokens was found to charge, as its document and its model have it. Must not send.

import type { Interval } from '../core/profileDocument.ts'
import { likely } from './conclude.ts'
import { type CostQuestion, type Costs, measureCosts } from './costs.ts'
import type { Known } from './known.ts'
import type { Session } from './session.ts'
import { lateTokenLimit } from './warnings.ts'

/** What is known of a limiter of tokens after requests of all shapes were sent. */
export async function withCosts(
  session: Session,
  known: Known,
  question: CostQuestion,
): Promise<Known> {
  if (known.limiter.unit === 'requests') return known
  const charged = charging(known, await measureCosts(session, question))
  const late = lateTokenLimit(charged.limiter, session.observations)
  const others = charged.warnings.filter(({ code }) => code !== 'late-token-limit')
  return { ...charged, warnings: [...others, ...late] }
}

/** A limiter that charges as was found out. */
export function charging(known: Known, costs: Costs): Known {
  const { limiter, model, reasons } = known
  const { charge, perShape, evidence } = costs
  const unit = costs.unit ?? limiter.unit
  const { limit, algorithm } = limited(known, costs)
  return {
    ...known,
    limiter: {
      ...limiter,
      ...limit,
      unit,
      charge,
      ...(perShape.length === 0 ? {} : { costs: perShape }),
      evidence: [...limiter.evidence, ...evidence],
    },
    model: { ...model, model: { ...model.model, unit, charge: charge ?? 'pre', algorithm } },
    reasons: [...reasons, ...costs.reasons.map((reason) => `'${limiter.id}': ${reason}`)],
  }
}

/** Its limit by what passed of each shape, where it was fitted to tokens of which it counts a part. */
function limited({ limiter, model }: Known, { unit, limit }: Costs) {
  const { algorithm } = model.model
  const { intervals } = limiter
  if (limit === null || intervals.limit === undefined || !('limit' in algorithm)) {
    return { limit: {}, algorithm }
  }
  const closest = unit === 'tokens' ? common(intervals.limit, limit) : limit
  const amount = Math.round(likely(closest))
  return {
    limit: { limit: amount, intervals: { ...intervals, limit: closest } },
    algorithm: { ...algorithm, limit: amount },
  }
}

function common([a, b]: Interval, [c, d]: Interval): Interval {
  const [low, high] = [Math.max(a, c), Math.min(b, d)]
  return low <= high ? [low, high] : [a, b]
}
