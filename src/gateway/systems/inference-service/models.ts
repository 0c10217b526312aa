// The models of inference-service: what there is, what is loaded, what fits into memory, and the
// presets that load several at once.

/** A model on disk. */
export interface Model {
  readonly id: string
  readonly memoryMb: number
  readonly contextLength: number
  readonly roles: readonly string[]
}

const model = (id: string, sizeGb: number, contextLength: number, ...roles: string[]): Model => ({
  id,
  memoryMb: Math.round(sizeGb * 1024),
  contextLength,
  roles,
})

const models: readonly Model[] = [
  model('deepseek-r1-7b', 4.7, 32_768, 'thinker', 'critic'),
  model('qwen2.5-7b', 4.5, 32_768, 'coder', 'generator'),
  model('phi-4', 8.4, 16_384, 'primary'),
  model('llama-3.2-3b', 2.0, 8_192, 'fast'),
  model('phi-3-medium-128k', 8.6, 131_072, 'longctx'),
  model('granite-8b-code-128k', 4.5, 131_072, 'code_analysis'),
]

/** Models that are loaded together, and how they work together. */
export interface ModelPreset {
  readonly mode: 'single' | 'critique'
  readonly models: readonly string[]
}

export const modelPresets: Readonly<Record<string, ModelPreset>> = {
  S1: { mode: 'single', models: ['llama-3.2-3b'] },
  // Generator first, critic second.
  D4: { mode: 'critique', models: ['qwen2.5-7b', 'deepseek-r1-7b'] },
}

export type Loading = 'loaded' | 'already' | 'unknown' | 'full'

export class ModelShelf {
  readonly available: readonly Model[]
  readonly #memoryMb: number
  readonly #loaded = new Map<string, Model>()

  constructor(ids: readonly string[], memoryGb: number) {
    this.available = models.filter(({ id }) => ids.includes(id))
    this.#memoryMb = memoryGb * 1024
  }

  get loaded(): readonly string[] {
    return [...this.#loaded.keys()]
  }

  isLoaded(id: string): boolean {
    return this.#loaded.has(id)
  }

  load(id: string): Loading {
    if (this.#loaded.has(id)) return 'already'
    const found = this.available.find((candidate) => candidate.id === id)
    if (found === undefined) return 'unknown'
    const usedMb = [...this.#loaded.values()].reduce((sum, { memoryMb }) => sum + memoryMb, 0)
    if (usedMb + found.memoryMb > this.#memoryMb) return 'full'
    this.#loaded.set(id, found)
    return 'loaded'
  }

  unload(id: string): boolean {
    return this.#loaded.delete(id)
  }
}

/** All that there are. */
export const modelIds = models.map(({ id }) => id)
