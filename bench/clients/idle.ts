// What the machine takes from a core that nothing else of ours is on. usage: node idle.ts SECONDS.
// Prints one JSON object: the share of the time that went by in gaps above 0.1 ms between two readings
// of the clock, and the longest of them.

import { realClock } from '../../src/core/realClock.ts'
import { clockGaps } from '../../src/engine/stalls.ts'

const overUs = Number(process.argv[2] ?? 4) * 1e6
const gapsUs = clockGaps(realClock(), overUs).filter((gapUs) => gapUs > 100)
const lostShare = gapsUs.reduce((sum, gapUs) => sum + gapUs, 0) / overUs
process.stdout.write(`${JSON.stringify({ lostShare, gapMsMax: Math.max(0, ...gapsUs) / 1000 })}\n`)
