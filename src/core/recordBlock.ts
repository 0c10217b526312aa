// Records as blocks of numbers, so that a thread hands over thousands of them as one buffer.

import { type RequestRecord, recordColumns } from './record.ts'

/** Many records: `numbers` holds them row by row; texts are indices into the block's strings. */
export interface RecordBlock {
  readonly numbers: Float64Array<ArrayBuffer>
  readonly strings: readonly string[]
}

const stride = recordColumns.length

/** Collects records and cuts them into blocks. */
export class RecordEncoder {
  readonly #ids = new Map<string, number>()
  #strings: string[] = []
  #numbers = new Float64Array(stride * 64)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(record: RequestRecord): void {
    if ((this.#count + 1) * stride > this.#numbers.length) this.#grow()
    const start = this.#count * stride
    for (let i = 0; i < stride; i++) {
      const { field, kind } = recordColumns[i]!
      const value = record[field]
      this.#numbers[start + i] =
        value === null ? Number.NaN : kind === 'text' ? this.#idOf(String(value)) : Number(value)
    }
    this.#count++
  }

  /** The records added since the last call. */
  cut(): RecordBlock {
    const block = { numbers: this.#numbers.slice(0, this.#count * stride), strings: this.#strings }
    // Error texts may differ in every record: what a block has named, the next one names anew.
    this.#strings = []
    this.#ids.clear()
    this.#count = 0
    return block
  }

  #grow(): void {
    const wider = new Float64Array(this.#numbers.length * 2)
    wider.set(this.#numbers)
    this.#numbers = wider
  }

  #idOf(value: string): number {
    const known = this.#ids.get(value)
    if (known !== undefined) return known
    const id = this.#ids.size
    this.#ids.set(value, id)
    this.#strings.push(value)
    return id
  }
}

/** The records of a block. */
export function decodeBlock({ numbers, strings }: RecordBlock): RequestRecord[] {
  const records: RequestRecord[] = []
  for (let start = 0; start < numbers.length; start += stride) {
    const record: Record<string, unknown> = {}
    for (let i = 0; i < stride; i++) {
      const value = numbers[start + i]!
      const { field, kind } = recordColumns[i]!
      record[field] = Number.isNaN(value) ? null : kind === 'text' ? strings[value] : value
    }
    records.push(record as unknown as RequestRecord)
  }
  return records
}
