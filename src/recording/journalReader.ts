// Reads `run.journal` block by block, while it grows or after a crash. Must not know what the
// rows say.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { rowBytes } from '../core/requestRow.ts'
import {
  type BlockHead,
  blockHeadBytes,
  fileHeadBytes,
  type JournalBatch,
  type JournalDamage,
  type JournalMeta,
  type Parsed,
  parseBatch,
  parseBlockHead,
  parseFileHead,
  parseMeta,
} from './journalFormat.ts'

/** Reads on from where it stopped; holds one block at a time, and stays open until it is closed. */
export class JournalReader {
  readonly #descriptor: number
  #meta: JournalMeta | null = null
  #damage: JournalDamage | null = null
  /** Everything before it was read and intact. */
  #offsetBytes = 0

  /** Throws when the file cannot be opened. */
  constructor(path: string) {
    this.#descriptor = openSync(path, 'r')
  }

  /** Whose journal it is; null while the file's head is not there, or when it is damaged. */
  get meta(): JournalMeta | null {
    if (this.#meta === null && this.#damage === null) this.#readMeta()
    return this.#meta
  }

  /** Why reading stopped for good. */
  get damage(): JournalDamage | null {
    return this.#damage
  }

  /** Bytes beyond what was read: after `read`, those of a block that is not whole yet. */
  get bytesAhead(): number {
    return Math.max(0, this.#sizeBytes() - this.#offsetBytes)
  }

  /** Bytes that were read and are intact. */
  get offsetBytes(): number {
    return this.#offsetBytes
  }

  /** The blocks that are whole now and were not read yet; none once there is damage. */
  *read(): Generator<JournalBatch, void> {
    for (let batch = this.next(); batch !== null; batch = this.next()) yield batch
  }

  /** The next block; null while it is not whole, and once there is damage. */
  next(): JournalBatch | null {
    if (this.meta === null || this.#damage !== null) return null
    const startBytes = this.#offsetBytes
    const head = this.#bytesAt(startBytes, blockHeadBytes)
    const fields = head && this.#intact(parseBlockHead(head))
    if (head === null || fields === null) return null
    const payload = this.#bytesAt(startBytes + blockHeadBytes, payloadBytes(fields))
    if (payload === null) return null
    const endBytes = startBytes + blockHeadBytes + payload.length
    return this.#intactUpTo(endBytes, parseBatch(head, fields, payload))
  }

  /** Rows of the whole blocks ahead, by what their heads say. */
  rowsAhead(): number {
    if (this.meta === null || this.#damage !== null) return 0
    const sizeBytes = this.#sizeBytes()
    let rows = 0
    let atBytes = this.#offsetBytes
    for (;;) {
      const head = this.#bytesAt(atBytes, blockHeadBytes)
      const parsed = head && parseBlockHead(head)
      if (!parsed?.isIntact) return rows
      atBytes += blockHeadBytes + payloadBytes(parsed.value)
      if (atBytes > sizeBytes) return rows
      rows += parsed.value.rowsBytes / rowBytes
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #readMeta(): void {
    const head = this.#bytesAt(0, fileHeadBytes)
    const metaBytes = head && this.#intact(parseFileHead(head))
    if (head === null || metaBytes === null) return
    const bytes = this.#bytesAt(fileHeadBytes, metaBytes)
    if (bytes === null) return
    this.#meta = this.#intactUpTo(fileHeadBytes + metaBytes, parseMeta(head, bytes))
  }

  /** Bytes that a crash left half written are the last ones: they count as not there, yet. */
  #intactUpTo<T>(endBytes: number, parsed: Parsed<T>): T | null {
    if (!parsed.isIntact && endBytes >= this.#sizeBytes()) return null
    const value = this.#intact(parsed)
    if (value !== null) this.#offsetBytes = endBytes
    return value
  }

  #intact<T>(parsed: Parsed<T>): T | null {
    if (parsed.isIntact) return parsed.value
    const { expected, got } = parsed
    this.#damage = { offsetBytes: this.#offsetBytes, expected, got }
    return null
  }

  /** Null when the file does not reach that far: a length that lies allocates nothing. */
  #bytesAt(offsetBytes: number, length: number): Buffer | null {
    if (offsetBytes + length > this.#sizeBytes()) return null
    // A buffer of its own: typed arrays are laid over it.
    const bytes = Buffer.allocUnsafeSlow(length)
    let done = 0
    while (done < length) {
      const read = readSync(this.#descriptor, bytes, done, length - done, offsetBytes + done)
      if (read === 0) return null
      done += read
    }
    return bytes
  }

  #sizeBytes(): number {
    return fstatSync(this.#descriptor).size
  }
}

function payloadBytes({ rowsBytes, textsBytes }: BlockHead): number {
  return rowsBytes + textsBytes
}
