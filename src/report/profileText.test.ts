import { expect, test } from 'vitest'
import type { ProfileDocument, ProfiledLimiter } from '../core/profileDocument.ts'
import { profiledWindow } from '../testing/profiledLimiters.ts'
import { paragraph, profileText } from './profileText.ts'

const window: ProfiledLimiter = { ...profiledWindow, equivalents: ['sliding-log'] }

const bucket: ProfiledLimiter = {
  ...window,
  id: 'bucket',
  algorithm: 'token-bucket',
  equivalents: [],
  limit: null,
  windowMs: null,
  burst: 200,
  refillPerS: 100,
  refillStep: { units: 1, everyMs: 10 },
  anchor: null,
  scope: null,
  retryAfter: { present: false, medianErrorMs: null },
  overAdmission: null,
  confidence: 0.9999,
  intervals: {},
}

const document: ProfileDocument = {
  schema: 'limitscope.profile/1',
  target: 'http://127.0.0.1:8080/api',
  requests: 1412,
  durationMs: 23_817,
  seed: 7,
  conclusion: 'identified',
  reasons: [],
  limiters: [window, bucket],
  warnings: [
    {
      code: 'lossy-refill',
      limiter: 'bucket',
      message: 'twice its rate got 0.4/s through, of 100/s',
      figures: {},
    },
  ],
}

test('a profile is a paragraph per limiter, a table and its warnings', () => {
  expect(profileText(document, { colour: false, columns: 90 })).toMatchInlineSnapshot(`
    "IDENTIFIED 2 limiters  http://127.0.0.1:8080/api  1,412 requests, 23.8 s, seed 7

    requests
      A fixed window: 60 requests per 60 s. A window opens with the first request after the
      last one. Rejected requests cost nothing. Each authorization has a limit of its own. It
      rejects with 429 and a Retry-After that is 310 ms too long at the median. Requests sent
      at the same instant got no more than that. 99.7 % sure that it is this or sliding-log,
      which no probe that was sent tells apart.

    bucket
      A token bucket: bursts of up to 200 requests, then 1 at a time, every 10 ms. Rejected
      requests cost nothing. It rejects with 429, without saying when to come back. More than
      99.9 % sure.

      requests
        algorithm fixed window (or 1 alike) · limit 60 requests · window 60 s · charges
        rejects no · status 429 · sure 99.7 %
      bucket
        algorithm token bucket · burst 200 · refill 100/s · charges rejects no · status 429 ·
        sure >99.9 %

    ! lossy-refill (bucket)
      twice its rate got 0.4/s through, of 100/s"
  `)
})

test('what could not be concluded is said first, with the reasons', () => {
  const text = profileText(
    { ...document, conclusion: 'undetermined', limiters: [], warnings: [], reasons: ['no answer'] },
    { colour: false, columns: 90 },
  )
  expect(text.split('\n')).toEqual([
    'UNDETERMINED  http://127.0.0.1:8080/api  1,412 requests, 23.8 s, seed 7',
    '  no answer',
  ])
})

test.each([
  [{ algorithm: 'sliding-log' }, /never more than 60 requests in any 60 s/],
  [{ algorithm: 'sliding-counter' }, /about 60 requests in any 60 s/],
  [
    { algorithm: 'leaky-queue', burst: 5, refillPerS: 10 },
    /lets 10 per second through, holds back up to 5 requests/,
  ],
  [
    { algorithm: 'concurrency', unit: 'concurrent-requests', limit: 4, queue: 2 },
    /4 in flight; 2 more may wait/,
  ],
  [{ algorithm: 'budget', windowMs: null }, /60 requests, which was not seen to come back/],
  [{ algorithm: 'unknown', limit: null }, /no algorithm known here explains/],
  [{ chargesRejected: true }, /Every rejected request starts the wait anew/],
  [{ charge: 'post', unit: 'tokens' }, /charged after the answer/],
  [{ retryAfter: { present: true, medianErrorMs: -900 } }, /Retry-After that is 900 ms too short/],
  [{ overAdmission: 12 }, /sent at the same instant got 12 requests more/],
  [{ scope: [] }, /Everybody that was tried shares it/],
] as const)('words for %j', (change, words) => {
  expect(paragraph({ ...window, ...change } as ProfiledLimiter)).toMatch(words)
})

test('counts the alternatives where there are too many to read', () => {
  const equivalents = ['sliding-log', 'token-bucket', 'gcra', 'budget', 'concurrency']
  const text = profileText(
    { ...document, limiters: [{ ...window, equivalents }] },
    { colour: false, columns: 400 },
  )
  expect(text).toContain('that it is this or sliding-log, token-bucket, or one of 3 others, which')
})
