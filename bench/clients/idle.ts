// A loop that only reads the clock: what the machine takes from a core that nothing else of ours is
// on. usage: node idle.ts SECONDS. Prints one JSON object: the share of the time that went by in gaps
// above 0.1 ms between two looks at the clock, and the longest of them.

const seconds = Number(process.argv[2] ?? 4)
const gapMsLeast = 0.1
const startMs = performance.now()
let lostMs = 0
let gapMsMax = 0
for (let lastMs = startMs; lastMs - startMs < seconds * 1000; ) {
  const nowMs = performance.now()
  const gapMs = nowMs - lastMs
  if (gapMs > gapMsLeast) lostMs += gapMs
  if (gapMs > gapMsMax) gapMsMax = gapMs
  lastMs = nowMs
}
process.stdout.write(`${JSON.stringify({ lostShare: lostMs / (seconds * 1000), gapMsMax })}\n`)
