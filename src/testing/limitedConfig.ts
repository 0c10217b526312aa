// For tests: a config whose one scenario meets the request limit of the embedded gateway.

export interface LimitedConfigOptions {
  /** Requests that the gateway admits in a minute. */
  readonly limit: number
  readonly requests: number
  readonly expect?: readonly string[]
}

/** As data, for `bench.config.json`. */
export function limitedConfig({ limit, requests, expect = [] }: LimitedConfigOptions) {
  return {
    target: 'gateway:plain',
    gateway: { requests: `${limit}/1m` },
    lanes: [{ name: 'free' }],
    shapes: [{ kind: 'chat', name: 'cheap', promptTokens: 8, outputTokensMax: 2 }],
    scenarios: [
      {
        name: 'limited',
        mix: ['cheap'],
        arrivals: { kind: 'spaced', gap: '1ms' },
        until: [{ kind: 'requests', count: requests }],
        expect,
      },
    ],
  }
}
