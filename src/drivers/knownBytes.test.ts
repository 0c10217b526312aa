import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KnownBytes } from './knownBytes.ts'

// Lengths around whole words, and those that native code compares.
const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 500, max: 530 }))
const place = fc.record({
  bytes: length.chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
  from: fc.nat(9),
  at: fc.nat(9),
})
type Place = typeof place extends fc.Arbitrary<infer T> ? T : never

/** Bytes as they came first, and a chunk that has them at another place. */
function known({ bytes: came, from, at }: Place) {
  const source = Buffer.concat([Buffer.alloc(from), came, Buffer.alloc(3)])
  const chunk = Buffer.concat([Buffer.alloc(at, 1), came, Buffer.alloc(1)])
  return { bytes: new KnownBytes(source, from, from + came.length), source, chunk }
}

describe('known bytes', () => {
  test('are found wherever they begin, and keep what their source had', () => {
    fc.assert(
      fc.property(place, (one) => {
        const { bytes, source, chunk } = known(one)
        source.fill(0)
        expect(bytes.isAt(chunk, one.at)).toBe(true)
      }),
    )
  })

  test('are not found where any byte differs', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, which, change) => {
        const { bytes, chunk } = known(one)
        chunk[one.at + (which % one.bytes.length)]! ^= change
        expect(bytes.isAt(chunk, one.at)).toBe(false)
      }),
    )
  })

  test('are not confused by a chunk after another, nor by one that was written over', () => {
    const bytes = new KnownBytes(Buffer.from('HTTP/1.1 200 OK'), 0, 15)
    const [same, other] = [Buffer.from('HTTP/1.1 200 OK'), Buffer.from('HTTP/1.1 503 No')]
    expect([same, other, same].map((chunk) => bytes.isAt(chunk, 0))).toEqual([true, false, true])
    other.copy(same)
    expect(bytes.isAt(same, 0)).toBe(false)
  })
})
