import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeptBytes } from './keptBytes.ts'

/** The receive buffer of a driver: every read begins at its start and leaves older bytes behind. */
const buffer = Buffer.alloc(256)

interface Step {
  readonly kind: 'add' | 'read' | 'clear'
  readonly text: string
  readonly before: number
}

// Letters of several bytes, so that the cap falls within some.
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '☃', '😀'), maxLength: 20 })
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'read', 'clear'),
  text,
  before: fc.integer({ min: 0, max: 40 }),
})

test('what is kept is what came, up to the cap, though its memory is written over', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(500), text, (steps, bytesMax, word) => {
      const kept = new KeptBytes(bytesMax)
      let came = Buffer.alloc(0)
      for (const { kind, text: added, before } of steps) {
        if (kind === 'add') {
          const bytes = Buffer.from(added)
          // Bytes of one read follow one another in the buffer; older ones are in front and behind.
          kept.own()
          buffer.fill('ab')
          bytes.copy(buffer, before)
          const middle = before + (bytes.length >> 1)
          kept.add(buffer, before, middle)
          kept.add(buffer, middle, before + bytes.length)
          came = Buffer.concat([came, bytes])
        } else if (kind === 'read') {
          kept.own()
          buffer.fill('x')
        } else {
          kept.clear()
          came = Buffer.alloc(0)
        }
        const expected = came.subarray(0, bytesMax)
        expect(kept.text()).toBe(expected.toString('utf8'))
        const ascii = `ab${word.replace(/[^ab]/g, '')}`
        expect(kept.has(ascii)).toBe(expected.includes(ascii))
        expect(kept.has(`${expected.toString('latin1')}ab`)).toBe(false)
      }
    }),
    { numRuns: 1000 },
  )
})

test('what was borrowed is not copied, nor is what is behind it found', () => {
  const kept = new KeptBytes(100)
  buffer.fill('.')
  buffer.write('limit')
  kept.add(buffer, 0, 3)
  expect(kept.text()).toBe('lim')
  expect(kept.has('limit')).toBe(false)
  buffer.write('L')
  expect(kept.text()).toBe('Lim')
})
