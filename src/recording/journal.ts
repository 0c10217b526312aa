// `run.journal`: everything about a run, appended so that nobody waits for it. Must not know what
// it says.

import { close, fsync, openSync, writev } from 'node:fs'
import { promisify } from 'node:util'
import { type RowTexts, rowBytes } from '../core/requestRow.ts'
import {
  encodeBatch,
  encodeMeta,
  encodeTold,
  type JournalBatch,
  type JournalMeta,
} from './journalFormat.ts'

/** Bytes that may wait for the disk; what comes on top of them is lost, and counted. */
const waitingBytesMax = 64 * 1024 * 1024

const closeFile = promisify(close)
const syncFile = promisify(fsync)
const writeVector = promisify(writev)

interface Block {
  readonly buffers: readonly Buffer[]
  readonly bytes: number
  readonly rows: number
}

/** Appends batches to a journal; a write begins as soon as the one before has ended. */
export class JournalWriter {
  readonly #onError: (error: Error) => void
  readonly #descriptor: number | null
  /** By source: texts of blocks that were refused, which later rows may refer to. */
  readonly #owed = new Map<number, RowTexts>()
  #waiting: Block[] = []
  #waitingBytes = 0
  #lostRows = 0
  #isBroken = false
  #writing: Promise<void> | null = null
  #closing: Promise<void> | null = null

  /**
   * Creates the file, which must not exist. When it cannot be created or written, `onError` is told
   * once, never from within a call; what is appended from then on is dropped.
   */
  constructor(path: string, meta: JournalMeta, onError: (error: Error) => void) {
    this.#onError = onError
    this.#descriptor = this.#open(path)
    if (this.#descriptor !== null) this.#enqueue(encodeMeta(meta), 0)
  }

  /** Rows that were dropped: the disk was too slow, or the file failed. */
  get lostRows(): number {
    return this.#lostRows
  }

  /** Takes the rows as they are, without a copy; does not wait and does not throw. */
  append({ source, texts, rows }: JournalBatch): void {
    const count = rows.length / rowBytes
    const known = withOwed(this.#owed.get(source), texts)
    if (this.#isBroken || this.#closing !== null) {
      this.#lostRows += count
    } else if (this.#waitingBytes + rows.length > waitingBytesMax) {
      this.#owed.set(source, known)
      this.#lostRows += count
    } else {
      this.#owed.delete(source)
      this.#enqueue(encodeBatch({ source, texts: known, rows }), count)
    }
  }

  /** Appends what everything before came to; dropped like rows when the disk is too slow. */
  tell(told: unknown): void {
    if (this.#isBroken || this.#closing !== null || this.#waitingBytes > waitingBytesMax) return
    this.#enqueue(encodeTold(told), 0)
  }

  /** Resolves when everything is on the disk, or when the file failed. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #open(path: string): number | null {
    try {
      return openSync(path, 'ax', 0o600)
    } catch (error) {
      this.#fail(error as Error)
      return null
    }
  }

  #enqueue(buffers: readonly Buffer[], rows: number): void {
    const bytes = buffers.reduce((sum, { length }) => sum + length, 0)
    this.#waiting.push({ buffers, bytes, rows })
    this.#waitingBytes += bytes
    this.#writing ??= this.#write()
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const blocks = this.#waiting
      this.#waiting = []
      try {
        await this.#writeAll(blocks.flatMap(({ buffers }) => buffers))
        for (const { bytes } of blocks) this.#waitingBytes -= bytes
      } catch (error) {
        for (const { rows } of [...blocks, ...this.#waiting]) this.#lostRows += rows
        this.#waiting = []
        this.#fail(error as Error)
      }
    }
    this.#writing = null
  }

  // A write may come to less than was asked, like the last one before the disk is full.
  async #writeAll(buffers: readonly Buffer[]): Promise<void> {
    let left = buffers
    while (left.length > 0 && this.#descriptor !== null) {
      const { bytesWritten } = await writeVector(this.#descriptor, left)
      if (bytesWritten === 0) throw new Error('run.journal: the disk takes no more')
      left = without(left, bytesWritten)
    }
  }

  async #close(): Promise<void> {
    await this.#writing
    if (this.#descriptor === null) return
    try {
      if (!this.#isBroken) await syncFile(this.#descriptor)
      await closeFile(this.#descriptor)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(error: Error): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#owed.clear()
    queueMicrotask(() => this.#onError(error))
  }
}

function withOwed(owed: RowTexts | undefined, texts: RowTexts): RowTexts {
  if (owed === undefined || texts.isNew) return texts
  return { isNew: owed.isNew, texts: [...owed.texts, ...texts.texts] }
}

/** What is left after the first `bytes`. */
function without(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  let done = bytes
  const first = buffers.findIndex(({ length }) => {
    if (done < length) return true
    done -= length
    return false
  })
  return first === -1 ? [] : [buffers[first]!.subarray(done), ...buffers.slice(first + 1)]
}
