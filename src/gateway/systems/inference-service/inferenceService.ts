// inference-service: models that are loaded and unloaded, inferences one after the other, answers
// that two models may have worked on.

import type { WrittenResponse } from '../../../dialects/dialect.ts'
import { answerJson, bearerOf } from '../../exchange.ts'
import type { Manner } from '../../manner.ts'
import { type Ask, answerBody, readAsk } from '../../openai.ts'
import type { GatewaySpec } from '../../spec.ts'
import type { Call, House, Method, Route, System } from '../../system.ts'
import type { InferenceServiceKnobs } from './knobs.ts'
import { type Loading, type ModelPreset, ModelShelf, modelPresets } from './models.ts'

export function inferenceServiceSystem(house: House): System {
  return new InferenceService(house)
}

class InferenceService implements System {
  readonly routes: readonly Route[]
  readonly #house: House
  readonly #knobs: InferenceServiceKnobs
  readonly #shelf: ModelShelf
  readonly #preset: ModelPreset | null

  constructor(house: House) {
    this.#house = house
    this.#knobs = knobsOf(house.spec)
    this.#shelf = new ModelShelf(house.spec.models, this.#knobs.MEMORY_LIMIT_GB)
    this.#preset = modelPresets[this.#knobs.INFERENCE_DEFAULT_PRESET] ?? null
    for (const id of this.#preset?.models ?? []) this.#shelf.load(id)
    const to = (method: Method, path: string, run: Route['handle']): Route => ({
      method,
      path,
      handle: (call) => this.#authorized(call, run),
    })
    this.routes = [
      to('GET', '/health', ({ reply }) =>
        answerJson(reply, 200, { status: 'ok', service: 'inference-service', version: '0.1.0' }),
      ),
      to('GET', '/health/ready', ({ reply }) => this.#ready(reply)),
      to('GET', '/v1/models', ({ reply }) => this.#list(reply)),
      to('POST', '/v1/models/:id/load', (call) => this.#load(call)),
      to('POST', '/v1/models/:id/unload', (call) => this.#unload(call)),
      to('POST', '/v1/chat/completions', (call) => this.#infer(call)),
    ]
  }

  unknown({ reply }: Call, allowed: readonly Method[]): void {
    if (allowed.length > 0) return answerJson(reply, 405, { detail: 'Method Not Allowed' })
    answerJson(reply, 404, { detail: 'Not Found' })
  }

  #authorized(call: Call, run: Route['handle']): void {
    const { INFERENCE_API_KEY } = this.#knobs
    const isOpen = INFERENCE_API_KEY === '' || this.#house.spec.breaks.includes('auth-off')
    const isHealth = call.path.startsWith('/health')
    if (isOpen || isHealth || bearerOf(call.request) === INFERENCE_API_KEY) return run(call)
    answerJson(call.reply, 401, { detail: 'Invalid API key' })
  }

  get #configuration() {
    const { INFERENCE_DEFAULT_PRESET } = this.#knobs
    if (this.#preset === null) return {}
    return { config: INFERENCE_DEFAULT_PRESET, orchestration_mode: this.#preset.mode }
  }

  #ready(reply: Call['reply']): void {
    const loaded_models = this.#shelf.loaded
    if (loaded_models.length > 0) {
      return answerJson(reply, 200, { status: 'ready', loaded_models, ...this.#configuration })
    }
    const reason = 'No models loaded'
    answerJson(reply, 503, { status: 'not_ready', loaded_models, reason })
  }

  #list(reply: Call['reply']): void {
    const data = this.#shelf.available.map(({ id, memoryMb, contextLength, roles }) => ({
      id,
      status: this.#shelf.isLoaded(id) ? 'loaded' : 'available',
      memory_mb: memoryMb,
      context_length: contextLength,
      roles,
    }))
    answerJson(reply, 200, { data, ...this.#configuration })
  }

  #load({ params, reply }: Call): void {
    const id = params.id!
    const loading = this.#shelf.load(id)
    const [status, message] = loadingAnswers[loading]
    if (status !== 200) return answerJson(reply, status, { detail: message.replace('{}', id) })
    const answer = () => answerJson(reply, 200, { id, status: 'loaded', message })
    const { clock } = this.#house
    if (loading === 'already') answer()
    else clock.at(clock.nowUs() + this.#knobs.MODEL_LOAD_TIME, answer)
  }

  #unload({ params, reply }: Call): void {
    const id = params.id!
    if (!this.#shelf.unload(id)) return answerJson(reply, 404, { detail: notLoaded(id) })
    answerJson(reply, 200, { id, status: 'available', message: 'Model unloaded' })
  }

  #infer(call: Call): void {
    const { request, reply } = call
    const { spec } = this.#house
    const ask = readAsk('chat', request.body, spec.templateTokens)
    if (typeof ask === 'string') return answerJson(reply, 422, { detail: ask })
    if (!this.#shelf.isLoaded(ask.model)) return this.#notLoaded(call, ask)
    const tier = spec.defaultTier
    const working = this.#modelsFor(ask.model, request.body)
    this.#house.send(call, {
      key: bearerOf(request),
      tier,
      ask,
      chain: this.#house.chainOf(tier),
      manner: this.#manner(working),
      // One after the other.
      times: ({ ttftUs, itlUs }) => ({
        ttftUs: ttftUs + (working.length - 1) * (ttftUs + itlUs * ask.outputTokens),
        itlUs,
      }),
    })
  }

  #notLoaded({ reply }: Call, ask: Ask): void {
    const detail = notLoaded(ask.model)
    if (!ask.stream || this.#knobs.STREAM_ERRORS === 'before-head') {
      return answerJson(reply, 404, { detail })
    }
    // Found out while the stream is being made: its head has left.
    reply.head(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const error = { message: detail, type: 'non_retriable', code: 'MODEL_NOT_LOADED' }
    reply.end(`data: ${JSON.stringify({ error })}\n\ndata: [DONE]\n\n`)
  }

  /** Both models of a critique where it is asked for and told about; else the one that is named. */
  #modelsFor(model: string, body: string): readonly string[] {
    const { ORCHESTRATION } = this.#knobs
    if (!ORCHESTRATION || this.#preset?.mode !== 'critique') return [model]
    if (/"orchestration_mode"\s*:\s*"single"/.test(body)) return [model]
    const { models } = this.#preset
    if (!models.includes(model) || !models.every((id) => this.#shelf.isLoaded(id))) return [model]
    return this.#house.spec.breaks.includes('critic-missing') ? models.slice(0, 1) : models
  }

  #manner(working: readonly string[]): Manner {
    const { manner } = this.#house
    return {
      ...manner,
      // It has never been seen with another value.
      answered: (): WrittenResponse['headers'] => ({ 'x-queue-position': '1' }),
      body: (head) => {
        if (!this.#knobs.ORCHESTRATION) return answerBody(head)
        const mode = working.length > 1 ? 'critique' : 'single'
        const orchestration = { mode, models_used: working, rounds: 1, confidence: 0.9 }
        return JSON.stringify({ ...JSON.parse(answerBody(head)), orchestration })
      },
      failed: (status, text) => ({
        status,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ detail: `Inference error: ${text}` }),
      }),
    }
  }
}

const loadingAnswers: Readonly<Record<Loading, readonly [number, string]>> = {
  loaded: [200, 'Model loaded'],
  already: [200, 'Model already loaded'],
  unknown: [404, 'Model {} not found'],
  full: [507, 'Insufficient memory to load {}'],
}

function notLoaded(id: string): string {
  return `Model ${id} is not loaded`
}

function knobsOf({ system }: GatewaySpec): InferenceServiceKnobs {
  return system as Extract<GatewaySpec['system'], { name: 'inference-service' }>
}
