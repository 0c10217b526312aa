// What users call in bench.config.ts and scenarios/*.ts: short ways to write plain data that YAML
// could say as well. Nothing is checked here; that happens when the config is loaded.

import type {
  ArrivalsInput,
  CaptureInput,
  CheckInput,
  ConfigInput,
  CredentialInput,
  ExpectationInput,
  LaneInput,
  NeedInput,
  ProbeInput,
  ScenarioInput,
  ShapeInput,
  StepInput,
  StopRuleInput,
  SystemInput,
} from './schema.ts'

/** The default export of `bench.config.ts`. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config
}

/** A named traffic pattern with what is expected of it. */
export function defineScenario(name: string, options: Omit<ScenarioInput, 'name'>): ScenarioInput {
  return { name, ...options }
}

/**
 * The system that scenarios are made for: where it is, how it writes rejections, what limits it
 * declares. It stands in for what the config says of its own target.
 */
export function defineSystem(name: string, options: Omit<SystemInput, 'name'>): SystemInput {
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

/** A credential that a step of the scenario captures: lane('user', { bearer: captured('token') }). */
export function captured(name: string): CredentialInput {
  return { from: 'capture', name }
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

/** Until so many answers were OK; after a rejection: until the limiter admits again. */
export function untilAdmitted(count = 1): StopRuleInput {
  return { kind: 'admitted', count }
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

/**
 * A statement that the document of a system makes, and what the system is known to do instead: then
 * it is neither passed nor failed, but 'known'.
 */
export function documented(
  statement: string,
  known: { readonly actual: string; readonly note: string },
): ExpectationInput {
  return { statement, ...known }
}

type StepOptions = Omit<StepInput, 'name' | 'path' | 'method'>

function stepWith(method: string) {
  return (name: string, path: string, options: StepOptions = {}): StepInput => {
    return { name, method, path, ...options }
  }
}

/**
 * Steps: single exchanges for setup, teardown, and what is asked before and after the load:
 * step.post('mint', '/v1/tokens', { lane: user, body: { expiration: '10m' }, status: 201, capture: { token: '/token' } }).
 */
export const step = {
  get: stepWith('GET'),
  post: stepWith('POST'),
  put: stepWith('PUT'),
  patch: stepWith('PATCH'),
  delete: stepWith('DELETE'),
} as const

type Tests = Omit<
  CheckInput,
  'status' | 'outcome' | 'limiter' | 'header' | 'json' | 'body' | 'time' | 'stream' | 'metric'
>

/** What must hold of the answer to a step. */
export const check = {
  /** One of these statuses. */
  status(...statuses: number[]): CheckInput {
    return { status: statuses.length === 1 ? statuses[0] : statuses }
  },
  /** At a JSON pointer: check.json('/data', { where: { id: 'a' }, take: '/url', exists: true }). */
  json(pointer: string, tests: Tests): CheckInput {
    return { json: pointer, ...tests }
  },
  header(name: string, tests: Tests): CheckInput {
    return { header: name, ...tests }
  },
  body(tests: Tests): CheckInput {
    return { body: true, ...tests }
  },
  /** How long the answer took: check.time({ below: '30s' }). */
  time(tests: Tests): CheckInput {
    return { time: true, ...tests }
  },
  /** Of a stream of events: check.stream('text', { lengthAtLeast: 5 }). */
  stream(part: NonNullable<CheckInput['stream']>, tests: Tests): CheckInput {
    return { stream: part, ...tests }
  },
  /** The sum of a Prometheus metric: check.metric('requests_total', { atLeast: '{{before}}' }). */
  metric(name: string, tests: Tests): CheckInput {
    return { metric: name, ...tests }
  },
  /** How we classify the answer: check.outcome('limited'). */
  outcome(outcome: NonNullable<CheckInput['outcome']>): CheckInput {
    return { outcome }
  },
  /** Which limiter a rejection is put down to. */
  limiter(name: string): CheckInput {
    return { limiter: name }
  },
} as const

/** Where captured values are; captures may also be written '/pointer' and 'header:NAME'. */
export const capture = {
  json(pointer: string, options: Omit<Extract<CaptureInput, object>, 'json'> = {}): CaptureInput {
    return { json: pointer, ...options }
  },
  header(name: string, options: { readonly secret?: boolean } = {}): CaptureInput {
    return { header: name, ...options }
  },
  metric(name: string, labels: Readonly<Record<string, string>> = {}): CaptureInput {
    return { metric: name, labels }
  },
} as const

/** What a scenario needs; where it is not there, the scenario is skipped and says why. */
export const needs = {
  /** An environment variable; the embedded gateway needs none, unless `always`, or `on` profiles. */
  env(name: string, options: Omit<Extract<NeedInput, { env: string }>, 'env'> = {}): NeedInput {
    return { env: name, ...options }
  },
  /** A service that answers as the step says; its remedy is told when it does not. */
  service(step: StepInput): NeedInput {
    return { step }
  },
} as const

/** A step that is done over and over while phases run. */
export function probe(step: StepInput, options: { readonly every?: string } = {}): ProbeInput {
  return { step, ...options }
}
