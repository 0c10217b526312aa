import { expect, test } from 'vitest'
import { socketsToBusiestPeer } from './hostReadings.ts'

test('ports count towards the peer that has most of them, in either table', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when'
  // The first socket's other end, which is here as well, leads to a port that only it has.
  const tcp = [
    head,
    '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000',
    '   1: 0100007F:A6E7 0100007F:1F90 01 00000000:00000000 00:00000000 00000000',
    '   2: 0100007F:1F90 0100007F:A6E7 01 00000000:00000000 00:00000000 00000000',
    '  13: 0100007F:A6E8 0100007F:1F90 06 00000000:00000000 03:00001770 00000000',
    ' 114: 0100007F:A6E8 0100007F:1F91 06 00000000:00000000 03:00001770 00000000',
  ].join('\n')
  const to = '00000000000000000000000001000000:1F90'
  const tcp6 = [20, 21, 22].map((i) => `  ${i}: 00000000000000000000000001000000:A6${i} ${to} 01`)
  expect(socketsToBusiestPeer([tcp, ''])).toBe(2)
  expect(socketsToBusiestPeer([tcp, [head, ...tcp6].join('\n')])).toBe(3)
  expect(socketsToBusiestPeer(['', ''])).toBe(0)
})
