// The layout of `run.journal`: a head, then blocks, each with its checksum; little endian. Must
// not know when it is written or read.
//
//   head   magic · version · metaBytes · crc32                        then meta (JSON)
//   block  magic · source · flags · rowsBytes · textsBytes · crc32    then rows, texts (JSON)
//
// A block that is flagged as told has no rows, and instead of texts what everything before it came to:
// with it, and only with it, what was recorded since the one before is whole.
//
// Fields are unsigned 32-bit words. A checksum is over the fields before it and all that follows.
// JSON is UTF-8 and ends in spaces up to a multiple of 8 bytes, so that every row lies at one.

import { crc32 } from 'node:zlib'
import { type RowTexts, rowBytes, rowVersion } from '../core/requestRow.ts'

/** What the whole file belongs to. */
export interface JournalMeta {
  readonly runId: string
  /** Whether there is a CSV to be made of its rows. */
  readonly hasRows: boolean
}

/** Rows of one engine thread, with the texts that they are the first to refer to. */
export interface JournalBatch {
  /** Index of the engine thread. */
  readonly source: number
  readonly texts: RowTexts
  /** Whole rows of `rowBytes`; must not change until they are written. */
  readonly rows: Uint8Array
  /** What is told about everything before; only in blocks without rows. */
  readonly told?: unknown
}

/** Bytes that are not what a journal holds at that place. */
export interface JournalDamage {
  readonly offsetBytes: number
  readonly expected: string
  readonly got: string
}

/** The fields of a block. */
export interface BlockHead {
  readonly source: number
  readonly isNew: boolean
  readonly isTold: boolean
  readonly rowsBytes: number
  readonly textsBytes: number
}

/** What a read came to: the value, or what is wrong with the bytes. */
export type Parsed<T> =
  | { readonly isIntact: true; readonly value: T }
  | { readonly isIntact: false; readonly expected: string; readonly got: string }

export const fileHeadBytes = 16
export const blockHeadBytes = 24

const version = 2
const fileMagic = Buffer.from('LSJF').readUInt32LE()
const blockMagic = Buffer.from('LSJB').readUInt32LE()
const isNewFlag = 1
const isToldFlag = 2
const metaBytesMax = 64 * 1024
const payloadBytesMax = 256 * 1024 * 1024

export function encodeMeta({ runId, hasRows }: JournalMeta): Buffer[] {
  const meta = paddedJson({ runId, hasRows, rowVersion })
  const head = Buffer.alloc(fileHeadBytes)
  writeWords(head, [fileMagic, version, meta.length])
  head.writeUInt32LE(crcOf(head, [meta]), fileHeadBytes - 4)
  return [head, meta]
}

export function encodeBatch({ source, texts, rows }: JournalBatch): Buffer[] {
  const text = paddedJson(texts.texts)
  const head = Buffer.alloc(blockHeadBytes)
  const flags = texts.isNew ? isNewFlag : 0
  writeWords(head, [blockMagic, source, flags, rows.length, text.length])
  const rowsBuffer = Buffer.from(rows.buffer, rows.byteOffset, rows.length)
  head.writeUInt32LE(crcOf(head, [rowsBuffer, text]), blockHeadBytes - 4)
  return [head, rowsBuffer, text]
}

/** What is told about everything before, as a block. */
export function encodeTold(told: unknown): Buffer[] {
  const text = paddedJson(told)
  const head = Buffer.alloc(blockHeadBytes)
  writeWords(head, [blockMagic, 0, isToldFlag, 0, text.length])
  head.writeUInt32LE(crcOf(head, [text]), blockHeadBytes - 4)
  return [head, text]
}

/** The bytes of the meta, of which `head` is the head. */
export function parseFileHead(head: Buffer): Parsed<number> {
  const magic = head.readUInt32LE(0)
  if (magic !== fileMagic) return wrong(`magic ${hex(fileMagic)}`, hex(magic))
  const fileVersion = head.readUInt32LE(4)
  if (fileVersion !== version) return wrong(`version ${version}`, String(fileVersion))
  const metaBytes = head.readUInt32LE(8)
  if (metaBytes > metaBytesMax) return wrong(`at most ${metaBytesMax} B of meta`, `${metaBytes} B`)
  return { isIntact: true, value: metaBytes }
}

export function parseMeta(head: Buffer, bytes: Buffer): Parsed<JournalMeta> {
  const checked = checkCrc(head, bytes)
  if (!checked.isIntact) return checked
  const meta = jsonOf(bytes) as Partial<Record<string, unknown>> | null | undefined
  if (meta?.rowVersion !== rowVersion) {
    return wrong(`rows of version ${rowVersion}`, `version ${String(meta?.rowVersion)}`)
  }
  if (typeof meta.runId !== 'string') return wrong('a run id', typeof meta.runId)
  return { isIntact: true, value: { runId: meta.runId, hasRows: meta.hasRows === true } }
}

export function parseBlockHead(head: Buffer): Parsed<BlockHead> {
  const magic = head.readUInt32LE(0)
  if (magic !== blockMagic) return wrong(`magic ${hex(blockMagic)}`, hex(magic))
  const source = head.readUInt32LE(4)
  const flags = head.readUInt32LE(8)
  const isNew = (flags & isNewFlag) !== 0
  const isTold = (flags & isToldFlag) !== 0
  const rowsBytes = head.readUInt32LE(12)
  const textsBytes = head.readUInt32LE(16)
  const bytes = rowsBytes + textsBytes
  if (bytes > payloadBytesMax) return wrong(`at most ${payloadBytesMax} B`, `${bytes} B`)
  if (rowsBytes % rowBytes !== 0) return wrong(`rows of ${rowBytes} B`, `${rowsBytes} B`)
  return { isIntact: true, value: { source, isNew, isTold, rowsBytes, textsBytes } }
}

/** `payload` begins at its buffer's start, so that typed arrays can be laid over the rows. */
export function parseBatch(head: Buffer, fields: BlockHead, payload: Buffer): Parsed<JournalBatch> {
  const checked = checkCrc(head, payload)
  if (!checked.isIntact) return checked
  const { source, isNew, isTold, rowsBytes } = fields
  const texts = jsonOf(payload.subarray(rowsBytes))
  if (isTold) {
    const nothing = { texts: { isNew: false, texts: [] }, rows: payload.subarray(0, 0) }
    return { isIntact: true, value: { source, ...nothing, told: texts } }
  }
  if (!isTexts(texts)) return wrong('a list of texts', typeof texts)
  const rows = payload.subarray(0, rowsBytes)
  return { isIntact: true, value: { source, texts: { isNew, texts }, rows } }
}

function wrong(expected: string, got: string): Parsed<never> {
  return { isIntact: false, expected, got }
}

function checkCrc(head: Buffer, payload: Buffer): Parsed<null> {
  const expected = head.readUInt32LE(head.length - 4)
  const got = crcOf(head, [payload])
  return expected === got
    ? { isIntact: true, value: null }
    : wrong(`checksum ${hex(expected)}`, hex(got))
}

function crcOf(head: Buffer, payload: readonly Buffer[]): number {
  const start = crc32(head.subarray(0, head.length - 4))
  return payload.reduce((crc, part) => crc32(part, crc), start)
}

function writeWords(head: Buffer, words: readonly number[]): void {
  for (const [i, word] of words.entries()) head.writeUInt32LE(word, i * 4)
}

function paddedJson(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value, listed))
  return Buffer.concat([json, Buffer.alloc(-json.length & 7, ' ')])
}

/** Typed arrays as lists: JSON has them as objects. */
function listed(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as Uint32Array) : value
}

/** Undefined when it is none. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`
}
