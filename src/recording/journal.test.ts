import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { RequestRecord } from '../core/record.ts'
import { RowDecoder, RowEncoder, rowBytes } from '../core/requestRow.ts'
import { anyRecord, batchOf, requestRecord } from '../testing/requestRecords.ts'
import { JournalWriter } from './journal.ts'
import { blockHeadBytes, encodeBatch, encodeMeta, type JournalBatch } from './journalFormat.ts'
import { JournalReader } from './journalReader.ts'

// A disk that takes less than it is asked to, and a full one under a name that may exist.
const disk = vi.hoisted(() => ({ writeBytesMax: Number.POSITIVE_INFINITY }))
vi.mock(import('node:fs'), async (importOriginal) => {
  const fs = await importOriginal()
  const { promisify } = await import('node:util')
  const openSync: typeof fs.openSync = (path, flags, mode) =>
    fs.openSync(path, path === '/dev/full' ? 'a' : flags, mode)
  const inParts = async (file: number, buffers: readonly Buffer[]) => {
    const bytes = Buffer.concat(buffers).subarray(0, disk.writeBytesMax)
    return { bytesWritten: fs.writeSync(file, bytes), buffers }
  }
  const whole = promisify(fs.writev)
  const writev = Object.assign(() => {}, {
    [promisify.custom]: (file: number, buffers: readonly Buffer[]) =>
      disk.writeBytesMax === Number.POSITIVE_INFINITY
        ? whole(file, buffers)
        : inParts(file, buffers),
  })
  return { ...fs, openSync, writev: writev as unknown as typeof fs.writev }
})
afterEach(() => {
  disk.writeBytesMax = Number.POSITIVE_INFINITY
})

const freshPath = () => join(mkdtempSync(join(tmpdir(), 'limitscope-')), 'run.journal')
const meta = { runId: 'run', hasRows: true }
const unexpected = (error: Error) => {
  throw error
}

/** What the engine threads of a run send, with the records that the rows are of. */
interface Sent {
  readonly batches: readonly JournalBatch[]
  readonly records: readonly (readonly RequestRecord[])[]
}

function sent(parts: readonly (readonly [number, readonly RequestRecord[]])[]): Sent {
  const encoders = [new RowEncoder(), new RowEncoder()]
  const batches = parts.map(([source, records]) => batchOf(source, encoders[source]!, records))
  return { batches, records: parts.map(([, records]) => records) }
}

const anySent = fc
  .array(fc.tuple(fc.nat(1), fc.array(anyRecord, { maxLength: 4 })), { maxLength: 5 })
  .map(sent)

function decode(batches: Iterable<JournalBatch>): RequestRecord[][] {
  const decoders = [new RowDecoder(), new RowDecoder()]
  return Array.from(batches, ({ source, texts, rows: { buffer, byteOffset, length } }) => {
    const decoder = decoders[source]!
    decoder.add(texts)
    const words = new Int32Array(buffer, byteOffset, length / 4)
    const doubles = new Float64Array(buffer, byteOffset, length / 8)
    return Array.from({ length: length / rowBytes }, (_, row) => decoder.read(words, doubles, row))
  })
}

function readAll(path: string) {
  const reader = new JournalReader(path)
  const records = decode(reader.read())
  const { damage, bytesAhead } = reader
  const { meta } = reader
  reader.close()
  return { records, damage, bytesAhead, meta }
}

describe('a journal', () => {
  test('gives back what was appended, whenever the reader looks', async () => {
    const anyLooks = fc.array(fc.nat(3), { minLength: 5, maxLength: 5 })
    const anyBytesMax = fc.constantFrom(Number.POSITIVE_INFINITY, 1, 7, 100, 1000)
    await fc.assert(
      fc.asyncProperty(anySent, anyLooks, anyBytesMax, async (all, looks, writeBytesMax) => {
        disk.writeBytesMax = writeBytesMax
        const path = freshPath()
        const writer = new JournalWriter(path, meta, unexpected)
        const reader = new JournalReader(path)
        const read: JournalBatch[] = []
        for (const [i, batch] of all.batches.entries()) {
          writer.append(batch)
          for (let turn = 0; turn < looks[i]!; turn++) await setImmediate()
          read.push(...reader.read())
        }
        await writer.close()
        const rows = all.records.flat().length
        expect(reader.rowsAhead()).toBe(rows - decode(read).flat().length)
        read.push(...reader.read())
        expect(decode(read)).toEqual(all.records)
        expect(reader).toMatchObject({ meta, damage: null, bytesAhead: 0 })
        expect(writer.lostRows).toBe(0)
        reader.close()
      }),
    )
  })

  test('is for its owner only', async () => {
    const path = freshPath()
    await new JournalWriter(path, meta, unexpected).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('never overwrites a file', async () => {
    const path = freshPath()
    writeFileSync(path, 'precious')
    const errors: Error[] = []
    const writer = new JournalWriter(path, meta, (error) => errors.push(error))
    writer.append(sent([[0, [requestRecord()]]]).batches[0]!)
    expect(errors).toEqual([])
    await writer.close()
    expect(errors).toMatchObject([{ code: 'EEXIST' }])
    expect(writer.lostRows).toBe(1)
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  test.skipIf(!existsSync('/dev/full'))(
    'says once that the disk is full, and drops the rest (needs /dev/full)',
    async () => {
      const errors: Error[] = []
      const writer = new JournalWriter('/dev/full', meta, (error) => errors.push(error))
      const [batch] = sent([[0, [requestRecord(), requestRecord()]]]).batches
      writer.append(batch!)
      await vi.waitUntil(() => errors.length > 0)
      writer.append(batch!)
      await writer.close()
      writer.append(batch!)
      expect(errors).toMatchObject([{ code: 'ENOSPC' }])
      expect(writer.lostRows).toBe(6)
    },
  )

  test('loses rows, but no names, when too much waits for the disk', async () => {
    const path = freshPath()
    const writer = new JournalWriter(path, meta, unexpected)
    const encoder = new RowEncoder()
    const bulk = { ...batchOf(0, encoder, []), rows: new Uint8Array(500_000 * rowBytes) }
    writer.append(bulk)
    writer.append(batchOf(0, encoder, [requestRecord({ error: 'kept' })]))
    writer.append({ ...bulk, texts: batchOf(0, encoder, [requestRecord({ error: 'lost' })]).texts })
    writer.append({ ...bulk, texts: batchOf(0, encoder, [requestRecord({ error: 'gone' })]).texts })
    const last = [requestRecord({ error: 'lost' }), requestRecord({ error: 'gone' })]
    writer.append(batchOf(0, encoder, last))
    expect(writer.lostRows).toBe(1_000_000)
    await writer.close()
    const reader = new JournalReader(path)
    const [first, ...rest] = reader.read()
    expect(first!.rows).toHaveLength(bulk.rows.length)
    expect(decode(rest)).toEqual([[requestRecord({ error: 'kept' })], last])
    reader.close()
  })
})

describe('a journal that is not whole', () => {
  const small = sent([
    [0, [requestRecord({ seq: 1 }), requestRecord({ seq: 2, error: 'no' })]],
    [1, [requestRecord({ seq: 3, lane: 'ü' })]],
    [0, []],
    [0, [requestRecord({ seq: 4, error: 'no' })]],
  ])
  const bytes = Buffer.concat([...encodeMeta(meta), ...small.batches.flatMap(encodeBatch)])

  /** The batches are the first ones of those that were written. */
  function isPrefix(records: readonly (readonly RequestRecord[])[]): boolean {
    const first = small.records.slice(0, records.length)
    return JSON.stringify(records) === JSON.stringify(first)
  }

  test('gives its first batches, wherever it is cut', () => {
    const path = freshPath()
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length))
      const { records, damage } = readAll(path)
      expect(isPrefix(records)).toBe(true)
      expect(damage).toBe(null)
      expect(records.length === small.records.length).toBe(length === bytes.length)
    }
  })

  test('is read on as it grows, byte by byte', () => {
    const path = freshPath()
    writeFileSync(path, '')
    const reader = new JournalReader(path)
    const batches: JournalBatch[] = []
    for (const byte of bytes) {
      appendFileSync(path, Buffer.of(byte))
      batches.push(...reader.read())
      expect(isPrefix(decode(batches))).toBe(true)
    }
    expect(decode(batches)).toEqual(small.records)
    expect(reader).toMatchObject({ damage: null, bytesAhead: 0 })
    reader.close()
  })

  test('never gives a wrong record, whichever byte is another one', () => {
    const path = freshPath()
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1 << (at % 8), 0xff]) {
        const flipped = Buffer.from(bytes)
        flipped[at]! ^= mask
        writeFileSync(path, flipped)
        const { records, damage, bytesAhead } = readAll(path)
        expect(isPrefix(records)).toBe(true)
        expect(records.length).toBeLessThan(small.records.length)
        expect(damage !== null || bytesAhead > 0).toBe(true)
      }
    }
  })

  test('says where it is damaged, what was expected and what is there', () => {
    const path = freshPath()
    const first = Buffer.concat([...encodeMeta(meta), ...encodeBatch(small.batches[0]!)])
    const flipped = Buffer.from(bytes)
    flipped[first.length + blockHeadBytes]! ^= 1
    writeFileSync(path, flipped)
    const { records, damage } = readAll(path)
    expect(records).toHaveLength(1)
    const hex = expect.stringMatching(/0x[0-9a-f]{8}$/)
    expect(damage).toEqual({ offsetBytes: first.length, expected: hex, got: hex })
  })

  test('reads no further after damage, whatever comes then', () => {
    const path = freshPath()
    writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(blockHeadBytes)]))
    const reader = new JournalReader(path)
    expect(decode(reader.read())).toEqual(small.records)
    appendFileSync(path, Buffer.concat(encodeBatch(small.batches[0]!)))
    expect([...reader.read()]).toEqual([])
    expect(reader.rowsAhead()).toBe(0)
    expect(reader.damage).toMatchObject({ offsetBytes: bytes.length, got: '0x00000000' })
    reader.close()
  })

  test.each([
    ['rows of 4 GiB', 12, 0xffff_fff8, 'at most 268435456 B'],
    ['texts of 4 GiB', 16, 0xffff_fff8, 'at most 268435456 B'],
    ['no whole rows', 12, rowBytes + 8, 'rows of 72 B'],
  ])('a length that lies is damage: %s', (_, fieldBytes, value, expected) => {
    const path = freshPath()
    const block = Buffer.concat(encodeBatch(small.batches[0]!))
    block.writeUInt32LE(value, fieldBytes)
    writeFileSync(path, Buffer.concat([...encodeMeta(meta), block]))
    expect(readAll(path)).toMatchObject({ records: [], damage: { expected } })
  })

  test('a length beyond the end of the file allocates nothing', () => {
    const path = freshPath()
    const block = Buffer.concat(encodeBatch(small.batches[0]!))
    block.writeUInt32LE(3_000_000 * rowBytes, 12)
    writeFileSync(path, Buffer.concat([...encodeMeta(meta), block]))
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow')
    expect(readAll(path)).toMatchObject({ records: [], damage: null, bytesAhead: block.length })
    expect(Math.max(...allocate.mock.calls.map(([length]) => length))).toBeLessThan(1000)
    allocate.mockRestore()
  })

  test.each([
    ['another program', (head: Buffer) => head.write('CSV!')],
    ['another version', (head: Buffer) => head.writeUInt32LE(99, 4)],
    ['too long a head', (head: Buffer) => head.writeUInt32LE(1e9, 8)],
  ])('the file of %s is damage at its start', (_, change) => {
    const path = freshPath()
    const other = Buffer.from(bytes)
    change(other)
    writeFileSync(path, other)
    expect(readAll(path)).toMatchObject({ records: [], meta: null, damage: { offsetBytes: 0 } })
  })
})
