// What users call in bench.config.ts and scenarios/*.ts: short ways to write plain data that YAML
// could say as well. Nothing is checked here; that happens when the config is loaded.

import type {
  ArrivalsInput,
  ConfigInput,
  CredentialInput,
  LaneInput,
  ScenarioInput,
  ShapeInput,
  StopRuleInput,
} from './schema.ts'

/** The default export of `bench.config.ts`. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config
}

/** A named traffic pattern with what is expected of it. */
export function defineScenario(name: string, options: Omit<ScenarioInput, 'name'>): ScenarioInput {
  return { name, ...options }
}

/** One identity that sends; without a credential it sends none. */
export function lane(name: string, options: Omit<LaneInput, 'name'> = {}): LaneInput {
  return { name, ...options }
}

/** A credential from an environment variable; `fallback` for gateways that take any key. */
export function env(name: string, fallback?: string): CredentialInput {
  return { from: 'env', name, ...(fallback === undefined ? {} : { fallback }) }
}

/** A credential from a file. */
export function file(path: string): CredentialInput {
  return { from: 'file', path }
}

/** A credential from the standard output of a shell command: 'oc whoami -t'. */
export function command(text: string): CredentialInput {
  return { from: 'command', command: text }
}

type Named<Kind extends ShapeInput['kind']> = Omit<
  Extract<ShapeInput, { kind: Kind }>,
  'kind' | 'name'
>

/** Request shapes: what one kind of request looks like and what it will cost. */
export const shape = {
  /** A chat completion of the OpenAI API. */
  chat(name: string, options: Named<'chat'>): ShapeInput {
    return { kind: 'chat', name, ...options }
  },
  /** A text completion of the OpenAI API. */
  completion(name: string, options: Named<'completion'>): ShapeInput {
    return { kind: 'completion', name, ...options }
  },
  /** An embedding of the OpenAI API. */
  embedding(name: string, options: Named<'embedding'>): ShapeInput {
    return { kind: 'embedding', name, ...options }
  },
  /** Any HTTP request. */
  raw(name: string, options: Named<'raw'>): ShapeInput {
    return { kind: 'raw', name, ...options }
  },
} as const

/** Evenly spaced arrivals: constant('50/s'). */
export function constant(rate: string): ArrivalsInput {
  return { kind: 'constant', rate }
}

/** Independent arrivals, as of many users who do not know each other: poisson('50/s'). */
export function poisson(rate: string): ArrivalsInput {
  return { kind: 'poisson', rate }
}

/** Arrivals in clusters: burstiness 1 is Poisson, 4 is bursty, below 1 is steadier. */
export function gamma(rate: string, options: { readonly burstiness: number }): ArrivalsInput {
  return { kind: 'gamma', rate, burstiness: options.burstiness }
}

/** A rate that changes steadily: ramp({ from: '1/s', to: '100/s', over: '30s' }). */
export function ramp(options: {
  readonly from: string
  readonly to: string
  readonly over: string
}): ArrivalsInput {
  const { from, to, over } = options
  return { kind: 'ramp', from, to, over }
}

/** One rate after the other: steps([['10/s', '30s'], ['20/s', '30s']]). */
export function steps(steps: readonly (readonly [rate: string, span: string])[]): ArrivalsInput {
  return { kind: 'steps', steps }
}

/** `size` requests at the same instant; once, or every so often. */
export function burst(
  size: number,
  options: { readonly every?: string; readonly count?: number } = {},
): ArrivalsInput {
  return { kind: 'burst', size, ...options }
}

/** One request after the other with a gap after each answer; `concurrency` such chains. */
export function spaced(
  gap: string,
  options: { readonly concurrency?: number } = {},
): ArrivalsInput {
  return { kind: 'spaced', gap, ...options }
}

/** Given instants since the start of the phase: durations, or numbers of µs. */
export function replay(at: readonly (string | number)[]): ArrivalsInput {
  return { kind: 'replay', at }
}

/** Users in a loop: a request, its answer, a pause. */
export function users(count: number, options: { readonly think?: string } = {}): ArrivalsInput {
  return { kind: 'users', count, ...options }
}

/** As fast as so many connections can. */
export function saturate(connections: number): ArrivalsInput {
  return { kind: 'saturate', connections }
}

/** Until `limiter` ('*': any) rejects for the first time, and `plus` more requests. */
export function untilRejected(
  limiter = '*',
  options: { readonly plus?: number } = {},
): StopRuleInput {
  return { kind: 'rejected', limiter, ...options }
}

/** Until so many requests were sent. */
export function untilRequests(count: number): StopRuleInput {
  return { kind: 'requests', count }
}

/** Until so many tokens were spent. */
export function untilSpent(
  unit: 'tokens' | 'prompt-tokens' | 'completion-tokens',
  amount: number,
): StopRuleInput {
  return { kind: 'spent', unit, amount }
}

/** Until so much time has passed since the warm-up: forDuration('60s'). */
export function forDuration(span: string): StopRuleInput {
  return { kind: 'duration', for: span }
}
