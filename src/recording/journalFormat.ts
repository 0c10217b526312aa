// The layout of `requests.journal`: a head, then blocks, each with its checksum; little endian. Must
// not know when it is written or read.
//
//   head   magic · version · metaBytes · crc32                        then meta (JSON)
//   block  magic · source · flags · rowsBytes · textsBytes · crc32    then rows, texts (JSON)
//
// Fields are unsigned 32-bit words. A checksum is over the fields before it and all that follows.
// JSON is UTF-8 and ends in spaces up to a multiple of 8 bytes, so that every row lies at one.

import { crc32 } from 'node:zlib'
import { type RowTexts, rowBytes, rowVersion } from '../core/requestRow.ts'

/** What the whole file belongs to. */
export interface JournalMeta {
  readonly runId: string
}

/** Rows of one engine thread, with the texts that they are the first to refer to. */
export interface JournalBatch {
  /** Index of the engine thread. */
  readonly source: number
  readonly texts: RowTexts
  /** Whole rows of `rowBytes`; must not change until they are written. */
  readonly rows: Uint8Array
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
  readonly rowsBytes: number
  readonly textsBytes: number
}

/** What a read came to: the value, or what is wrong with the bytes. */
export type Parsed<T> =
  | { readonly isIntact: true; readonly value: T }
  | { readonly isIntact: false; readonly expected: string; readonly got: string }

export const fileHeadBytes = 16
export const blockHeadBytes = 24

const version = 1
const fileMagic = Buffer.from('LSJF').readUInt32LE()
const blockMagic = Buffer.from('LSJB').readUInt32LE()
const isNewFlag = 1
const metaBytesMax = 64 * 1024
const payloadBytesMax = 256 * 1024 * 1024

export function encodeMeta({ runId }: JournalMeta): Buffer[] {
  const meta = paddedJson({ runId, rowVersion })
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
  const meta = jsonOf(bytes) as { runId?: unknown; rowVersion?: unknown } | null | undefined
  if (meta?.rowVersion !== rowVersion) {
    return wrong(`rows of version ${rowVersion}`, `version ${String(meta?.rowVersion)}`)
  }
  if (typeof meta.runId !== 'string') return wrong('a run id', typeof meta.runId)
  return { isIntact: true, value: { runId: meta.runId } }
}

export function parseBlockHead(head: Buffer): Parsed<BlockHead> {
  const magic = head.readUInt32LE(0)
  if (magic !== blockMagic) return wrong(`magic ${hex(blockMagic)}`, hex(magic))
  const source = head.readUInt32LE(4)
  const isNew = (head.readUInt32LE(8) & isNewFlag) !== 0
  const rowsBytes = head.readUInt32LE(12)
  const textsBytes = head.readUInt32LE(16)
  const bytes = rowsBytes + textsBytes
  if (bytes > payloadBytesMax) return wrong(`at most ${payloadBytesMax} B`, `${bytes} B`)
  if (rowsBytes % rowBytes !== 0) return wrong(`rows of ${rowBytes} B`, `${rowsBytes} B`)
  return { isIntact: true, value: { source, isNew, rowsBytes, textsBytes } }
}

/** `payload` begins at its buffer's start, so that typed arrays can be laid over the rows. */
export function parseBatch(head: Buffer, fields: BlockHead, payload: Buffer): Parsed<JournalBatch> {
  const checked = checkCrc(head, payload)
  if (!checked.isIntact) return checked
  const { source, isNew, rowsBytes } = fields
  const texts = jsonOf(payload.subarray(rowsBytes))
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
  const json = Buffer.from(JSON.stringify(value))
  return Buffer.concat([json, Buffer.alloc(-json.length & 7, ' ')])
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
