// How properties are tried: the same cases in every run of `npm test`, so that what it says depends
// on the code alone; other cases, and many more of them, with `npm run test:soak`.

import fc from 'fast-check'

const isSoak = process.env.LIMITSCOPE_SOAK === '1'

fc.configureGlobal(isSoak ? { numRuns: 2_000 } : { seed: 20_261_121 })
