// What is asked of V8: how it collects what the threads of this package leave, and how soon it compiles.

import { setFlagsFromString } from 'node:v8'

/**
 * A small young generation, for threads that leave little garbage that lives: collections of it are
 * short, and the memory of a long run stays small.
 */
export const smallYoungGeneration = { maxYoungGenerationSizeMb: 8 } as const

/**
 * A young generation that does not grow is collected often, and quickly: sooner than helpers, which
 * may share the core, have been woken for it.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--no-parallel-scavenge')
}

/** More connections than this need the memory more than the collector does. */
const connectionsFew = 1000

/**
 * What collects the garbage of an engine with so many connections, as far as is known; to be set before
 * its thread is started. Each half of the young generation has 4 MB (1 MB is V8's start, and 2 to 3 %
 * slower), and the old one may grow by a tenth until it is collected, because opening connections leaves
 * garbage there.
 */
export function setEngineHeap(connections = 0): void {
  keepYoungGenerationSmall()
  setFlagsFromString(`--min-semi-space-size=${connections > connectionsFew ? 1 : 4}`)
  setFlagsFromString('--heap-growing-percent=10')
}

/**
 * Lets V8 compile for speed what was called 500 times instead of 3,000. Where its compiler shares the
 * core of an engine that has instants to meet, most of it is over in the first seconds then, not in
 * ten; the code has learnt less and is slower: not for loops that are as fast as they can.
 */
export function compileEarly(): void {
  setFlagsFromString('--invocation-count-for-turbofan=500')
}
