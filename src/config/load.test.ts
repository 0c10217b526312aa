// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of documents look like that
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { freezePlan } from './freeze.ts'
import { loadConfig } from './load.ts'

const folders: string[] = []

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A temporary folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'limitscope-config-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

function load(files: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  return loadConfig({ cwd: folderOf(files), env })
}

async function problems(
  files: Readonly<Record<string, string>>,
  env: Record<string, string> = {},
): Promise<string[]> {
  const error: unknown = await load(files, env).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ name: 'UserError', code: 'config' })
  return (error as Error).message.split('\n')
}

const names = (loaded: Awaited<ReturnType<typeof load>>) =>
  loaded.scenarios.map(({ input }) => input.name)

const sketch = `
import { defineConfig, defineScenario, env, lane, poisson, shape, spaced, untilRejected } from 'limitscope'

const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 16 })
const expensive = shape.chat('expensive', { promptTokens: 200, outputTokensMax: 1200, stream: true })
const free = lane('free', { bearer: env('FREE_OC_TOKEN') })
const premium = lane('premium', { bearer: env('PREMIUM_OC_TOKEN') })

export const interplay = defineScenario('interplay', {
  lanes: [free],
  phases: [
    { name: 'many-cheap', mix: [cheap], arrivals: spaced('50ms'), until: untilRejected('requests', { plus: 5 }) },
    { name: 'few-expensive', isolate: 'window', mix: [expensive], arrivals: spaced('0s'), until: untilRejected('tokens') },
  ],
  expect: ['first(many-cheap).limiter == requests', 'first(few-expensive).limiter == tokens'],
})

export default defineConfig({
  target: process.env.TARGET ?? 'gateway:kuadrant',
  seed: 7,
  limiters: { requests: { limit: 5, window: '2m', per: 'lane' }, tokens: { limit: 100, window: '1m', per: 'lane', charge: 'post' } },
  scenarios: [interplay, defineScenario('mixed', { lanes: [free, premium], warmup: '5s', measure: '60s',
    arrivals: poisson('20/s'), mix: [[cheap, 9], [expensive, 1]], slo: ['p99(response){shape=cheap} < 800ms'] })],
})
`

// The same, as a document.
const sketchYaml = `
target: \${env:TARGET:-gateway:kuadrant}
seed: \${env:SEED:-7}
limiters:
  requests: { limit: 5, window: 2m, per: lane }
  tokens: { limit: 100, window: 1m, per: lane, charge: post }
lanes:
  - { name: free, bearer: '\${env:FREE_OC_TOKEN}' }
  - { name: premium, bearer: { from: env, name: PREMIUM_OC_TOKEN } }
shapes:
  - { name: cheap, kind: chat, promptTokens: 8, outputTokensMax: 16 }
  - { name: expensive, kind: chat, promptTokens: 200, outputTokensMax: 1200, stream: true }
scenarios:
  - name: interplay
    lanes: [free]
    phases:
      - name: many-cheap
        mix: [cheap]
        arrivals: { kind: spaced, gap: 50ms }
        until: { kind: rejected, limiter: requests, plus: 5 }
      - name: few-expensive
        isolate: window
        mix: [expensive]
        arrivals: { kind: spaced, gap: 0s }
        until: { kind: rejected, limiter: tokens }
    expect:
      - first(many-cheap).limiter == requests
      - first(few-expensive).limiter == tokens
  - name: mixed
    lanes: [free, premium]
    warmup: 5s
    measure: 60s
    arrivals: { kind: poisson, rate: 20/s }
    mix: [[cheap, 9], [expensive, 1]]
    slo: ['p99(response){shape=cheap} < 800ms']
`

const planOf = async (files: Record<string, string>) =>
  freezePlan(await load(files), { runId: 'r', scenarios: [], overrides: {} }).plan

test('the sketch of the interface contract loads as it is written there', async () => {
  const plan = await planOf({ 'bench.config.mts': sketch })
  expect(plan.target).toEqual({ kind: 'gateway', preset: 'kuadrant' })
  expect(plan.seed).toBe(7)
  expect(plan.limiters).toEqual([
    {
      name: 'requests',
      tier: null,
      model: {
        algorithm: {
          kind: 'fixed-window',
          limit: 5,
          windowUs: 120e6,
          anchor: 'first-request',
          extendedByRejected: false,
        },
        unit: 'requests',
        charge: 'pre',
        chargesRejected: false,
        scope: ['key'],
      },
    },
    {
      name: 'tokens',
      tier: null,
      model: expect.objectContaining({ unit: 'tokens', charge: 'post' }),
    },
  ])
  expect(plan.lanes.map(({ name, header, prefix }) => [name, header, prefix])).toEqual([
    ['free', 'authorization', 'Bearer '],
    ['premium', 'authorization', 'Bearer '],
  ])
  expect(plan.scenarios.map(({ name }) => name)).toEqual(['interplay', 'mixed'])
  expect(plan.scenarios[0]!.phases[1]).toEqual({
    name: 'few-expensive',
    arrivals: { kind: 'spaced', gapUs: 0, count: 1 },
    mix: [{ shape: 'expensive', weight: 1 }],
    lanes: ['free'],
    driver: 'auto',
    isolate: 'window',
    warmupUs: 0,
    until: [
      { kind: 'rejected', limiter: 'tokens', plus: 0 },
      { kind: 'duration', us: 600e6, isCap: true },
    ],
    drainUs: 30e6,
    timeoutUs: 60e6,
    inFlightMax: 1,
    before: [],
  })
  expect(plan.scenarios[1]).toMatchObject({
    title: 'mixed',
    expectations: ['p99(response){shape=cheap} < 800ms'],
    phases: [
      {
        name: 'mixed',
        warmupUs: 5e6,
        until: [{ kind: 'duration', us: 60e6 }],
        mix: [
          { shape: 'cheap', weight: 9 },
          { shape: 'expensive', weight: 1 },
        ],
        inFlightMax: 1000,
      },
    ],
  })
})

test('YAML and JSON say the same as TypeScript', async () => {
  const plan = await planOf({ 'bench.config.mts': sketch })
  expect(await planOf({ 'limitscope.config.yaml': sketchYaml })).toEqual(plan)
  const { config } = await load({ 'bench.config.yml': sketchYaml })
  expect(await planOf({ 'bench.config.json': JSON.stringify(config, null, '\t') })).toEqual(plan)
})

test('the first of several configs is read, and the others are mentioned', async () => {
  const loaded = await load({
    'bench.config.json': '{"seed": 2}',
    'bench.config.yaml': 'seed: 1',
    'limitscope.config.json': '{}',
  })
  expect(loaded.config.seed).toBe(1)
  expect(loaded.warnings).toEqual([
    'bench.config.json is not read: there is bench.config.yaml',
    'limitscope.config.json is not read: there is bench.config.yaml',
  ])
})

test('a folder without a config says what was looked for', async () => {
  const [line] = await problems({})
  expect(line).toMatch(
    /^config: expected bench\.config\.\{ts,mts,mjs,js,yaml,yml,json\} in '.*', got nothing; /,
  )
})

test('a config can be given by its path', async () => {
  const cwd = folderOf({ 'sub/mine.yaml': 'seed: 3', 'sub/x.toml': '' })
  const at = (configPath: string) => loadConfig({ cwd, configPath, env: {} })
  expect((await at('sub/mine.yaml')).config.seed).toBe(3)
  await expect(at('sub/other.yaml')).rejects.toThrow("expected a file, got 'sub/other.yaml'")
  await expect(at('sub')).rejects.toThrow("expected a file, got 'sub', which is none")
  await expect(at('sub/x.toml')).rejects.toThrow('expected a file that ends in .ts')
})

test('problems of YAML say line and column', async () => {
  const text = 'seed: 7\nlanes:\n  - name: free\n    baerer: x\ncaps: { rate: 5 }\n'
  expect(await problems({ 'bench.config.yaml': text })).toEqual([
    "bench.config.yaml:4:5: lanes[0].baerer: unknown key; did you mean 'bearer'?",
    "bench.config.yaml:5:9: caps.rate: expected a rate that says per what, like '50/s' or '60/min', got 5; did you mean '5/s'?",
  ])
})

test('what is no YAML is told without its text', async () => {
  const lines = await problems({ 'bench.config.yaml': 'a: 1\n- "canary\n' })
  expect(lines[0]).toMatch(
    /^bench\.config\.yaml:\d+:\d+: expected one YAML or JSON document, got '/,
  )
  expect(lines.join()).not.toContain('canary')
  expect(await problems({ 'bench.config.json': '{"seed": canary canary}' })).not.toContain('canary')
})

test('anchors may be used, and may not explode', async () => {
  const anchored = 'lanes:\n  - &a { name: a, tier: x }\n  - { <<: *a, name: b }\n'
  const { config } = await load({ 'bench.config.yaml': anchored })
  expect(config.lanes).toEqual([
    { name: 'a', tier: 'x' },
    { tier: 'x', name: 'b' },
  ])
  const rows = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef']) {
    rows.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`)
  }
  const bomb = `gateway:\n  ${rows.join('\n  ')}`
  expect(await problems({ 'bench.config.yaml': bomb })).toEqual([
    'bench.config.yaml: expected anchors with at most 100 uses, got more; write the values out',
  ])
  expect(await problems({ 'bench.config.yaml': 'gateway: &g { again: *g }' })).toEqual([
    expect.stringMatching(/: expected at most 32 levels, got more$/),
  ])
})

test('keys that reach into prototypes are refused', async () => {
  const text = 'gateway:\n  __proto__: { polluted: 1 }\n  constructor: {}\n'
  expect(await problems({ 'bench.config.yaml': text })).toEqual([
    "bench.config.yaml:2:3: gateway.__proto__: expected another key, got '__proto__'",
    "bench.config.yaml:3:3: gateway.constructor: expected another key, got 'constructor'",
  ])
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})

test('files above 8 MiB are refused', async () => {
  const lines = await problems({ 'bench.config.yaml': `# ${'x'.repeat(8 * 1024 * 1024)}\n` })
  expect(lines).toEqual([
    'bench.config.yaml: expected a file of at most 8 MiB, got 8.0 MiB; leave data out of configs',
  ])
})

test('variables of the environment are filled in, with their types', async () => {
  const text = [
    'seed: ${env:SEED}',
    'model: ${env:MODEL:-small}-${env:SIZE}',
    'results: ${env:EMPTY:-out}',
    'lanes: [{ name: a, bearer: "${env:TOKEN:-none}" }]',
  ].join('\n')
  const { config } = await load(
    { 'bench.config.yaml': text },
    { SEED: '11', SIZE: 'xl', EMPTY: '' },
  )
  expect(config).toEqual({
    seed: 11,
    model: 'small-xl',
    results: 'out',
    lanes: [{ name: 'a', bearer: '${env:TOKEN:-none}' }],
  })
})

test('a variable does not get into a plan by way of a credential', async () => {
  const text = 'lanes: [{ name: a, bearer: { from: env, name: A, fallback: "${env:B}" } }]'
  expect(await problems({ 'bench.config.yaml': text }, { B: 'canary' })).toEqual([
    'bench.config.yaml:1:50: lanes[0].bearer.fallback: expected a fallback that is no variable, got ***; it is written into the plan',
  ])
})

test('a missing variable is a problem that names it and its key', async () => {
  const text = 'seed: ${env:SED}\nresults: ${env:OUT}\n'
  expect(await problems({ 'bench.config.yaml': text }, { MODEL: 'x' })).toEqual([
    "bench.config.yaml:1:1: seed: expected the environment variable 'SED', got nothing; export SED=… or write a default: ${env:SED:-…}",
    "bench.config.yaml:2:1: results: expected the environment variable 'OUT', got nothing; export OUT=… or write a default: ${env:OUT:-…}",
  ])
  expect(await problems({ 'bench.config.yaml': 'model: ${env:MODELL}' }, { MODEL: 'x' })).toEqual([
    "bench.config.yaml:1:1: model: expected the environment variable 'MODELL', got nothing; did you mean 'MODEL'?",
  ])
})

test('a value from the environment is shown as it was written', async () => {
  const text = 'seed: ${env:PIN}\ncaps: { rate: "${env:RATE:-4711}" }\ntarget: ${env:PIN}'
  expect(await problems({ 'bench.config.yaml': text }, { PIN: 'canary' })).toEqual([
    "bench.config.yaml:3:1: target: expected an http:// or https:// URL or 'gateway:NAME', got '${env:PIN}'",
    "bench.config.yaml:1:1: seed: expected a whole number from 0, got '${env:PIN}'",
    "bench.config.yaml:2:9: caps.rate: expected a rate that says per what, like '50/s' or '60/min', got '${env:RATE}'",
  ])
  const mentioned =
    'scenarios: [{ name: s, mix: ["${env:PIN}"], arrivals: { kind: burst, size: 1 } }]'
  expect(await problems({ 'bench.config.yaml': mentioned }, { PIN: 'canary' })).toEqual([
    "bench.config.yaml:1:30: scenarios[0].mix[0]: expected the name of a shape, got '${env:PIN}'; define it under shapes",
  ])
})

const scenario = (name: string) =>
  `{ name: '${name}', mix: [{ kind: 'raw', name: 'get', path: '/' }], arrivals: { kind: 'poisson', rate: '1/s' } }`
const yamlScenario = (name: string) =>
  `name: ${name}\nmix: [get]\narrivals: { kind: constant, rate: 1/s }\n`

test('scenarios are found in files beside the config, after those of the config', async () => {
  const loaded = await load({
    'bench.config.mts': `export default { scenarios: [${scenario('own')}] }`,
    'scenarios/b.mts': `export const second = ${scenario('b2')}\nexport default ${scenario('b1')}\nexport const help = { name: 'x' }`,
    'scenarios/a/deep.yaml': yamlScenario('maas/deep'),
    'scenarios/list.json': `[${JSON.stringify({ name: 'j', mix: ['get'], arrivals: { kind: 'saturate', connections: 1 } })}]`,
    'scenarios/b.test.ts': 'throw new Error()',
    'scenarios/types.d.ts': '',
    'scenarios/notes.md': '',
    'scenarios/shared.mts': 'export const shape = 1\nexport default { cheap: {} }',
  })
  expect(names(loaded)).toEqual(['own', 'maas/deep', 'b1', 'b2', 'j'])
})

test('a scenario that comes from the config and from its file is one', async () => {
  const loaded = await load({
    'bench.config.mts': `import { one } from './scenarios/one.mts'\nexport default { scenarios: [one] }`,
    'scenarios/one.mts': `export const one = ${scenario('one')}`,
  })
  expect(names(loaded)).toEqual(['one'])
})

test('scenarioFiles say which files to read, and must match some', async () => {
  const files = {
    'elsewhere/a.yaml': yamlScenario('a'),
    'scenarios/b.yaml': yamlScenario('b'),
  }
  const config = (patterns: string) =>
    `scenarioFiles: ${patterns}\nshapes: [{ kind: raw, name: get, path: / }]`
  const loaded = await load({ ...files, 'bench.config.yaml': config("['elsewhere/*']") })
  expect(names(loaded)).toEqual(['a'])
  expect(names(await load({ ...files, 'bench.config.yaml': config('[]') }))).toEqual([])
  expect(
    await problems({ ...files, 'bench.config.yaml': config("['elsewhere/*', 'nowhere/*']") }),
  ).toEqual([
    "bench.config.yaml:1:32: scenarioFiles[1]: expected a pattern that matches files, got 'nowhere/*'; it is relative to the config",
  ])
})

test('problems of all files are told together, each with its place', async () => {
  const lines = await problems({
    'bench.config.yaml': 'seed: x',
    'scenarios/a.yaml': yamlScenario('a').replace('mix', 'mixx'),
    'scenarios/b.mts': 'export const two = { name: "b b", mix: [1], arrivals: {} }',
    'scenarios/d.mts': 'export const x: number = ;',
  })
  expect(lines).toEqual([
    "bench.config.yaml:1:1: seed: expected a whole number from 0, got 'x'",
    "scenarios/a.yaml:2:1: mixx: unknown key; did you mean 'mix'?",
    'scenarios/a.yaml:1:1: mix: expected at least one shape, got nothing; a scenario has arrivals and mix, or phases that have them, or steps',
    "scenarios/b.mts: two.name: expected a name of up to 64 letters, digits, dots, dashes and underscores, got 'b b'",
    expect.stringMatching(
      /^scenarios\/b\.mts: two\.arrivals\.kind: expected 'constant', .*, got nothing$/,
    ),
    'scenarios/b.mts: two.mix[0]: expected a shape, or [shape, weight], got 1',
    "scenarios/d.mts:1: expected valid TypeScript, got 'Expression expected'",
  ])
})

test('names that mean nothing are told with the file that uses them', async () => {
  const lines = await problems({ 'bench.config.yaml': '{}', 'scenarios/a.yaml': yamlScenario('a') })
  expect(lines).toEqual([
    "scenarios/a.yaml:2:7: mix[0]: expected the name of a shape, got 'get'; define it under shapes",
  ])
})

test.each([
  [
    'an import without its extension',
    { 'bench.config.mts': "\nimport { a } from './shared'\nexport default a", 'shared.ts': '' },
    "bench.config.mts:2: expected a file, got './shared', which does not exist; write it with its extension: './shared.ts'",
  ],
  [
    'an import of .js that is .ts',
    { 'bench.config.mts': "import { a } from './shared.js'\nexport default a", 'shared.ts': '' },
    "bench.config.mts:1: expected a file, got './shared.js', which does not exist; write it with its extension: './shared.ts'",
  ],
  [
    'an import of a file that is not there, in another file',
    { 'bench.config.mts': "export * from './a.mts'", 'a.mts': "export * from './b.mts'" },
    "a.mts:1: expected a file, got './b.mts', which does not exist; check the path",
  ],
  [
    'a package that is not installed',
    { 'bench.config.mts': "import 'no-such-package-4711'" },
    "bench.config.mts:1: expected a package that is installed, got 'no-such-package-4711'; npm install no-such-package-4711",
  ],
  [
    'an enum',
    { 'bench.config.mts': 'const a = 1\nenum A { B }\nexport default { a, A }' },
    "bench.config.mts:2: expected TypeScript whose types can be erased, got 'TypeScript enum is not supported in strip-only mode'; write unions for enums, modules for namespaces, fields for parameter properties",
  ],
  [
    'wrong syntax',
    { 'bench.config.mts': 'export default {\n  seed: 1}}' },
    "bench.config.mts:2: expected valid TypeScript, got 'Expression expected'",
  ],
  [
    'wrong JavaScript',
    { 'bench.config.mjs': 'export default {\n  seed: 1}}' },
    "bench.config.mjs: expected valid JavaScript, got 'Unexpected token '}''",
  ],
  [
    'a CommonJS package',
    {
      'package.json': '{"type": "commonjs"}',
      'bench.config.ts': "import { lane } from 'limitscope'\nexport default { lanes: [lane('a')] }",
    },
    'bench.config.ts:1: expected an ES module, got a CommonJS one; rename it to bench.config.mts, or put "type": "module" into package.json',
  ],
  [
    'an export that does not exist',
    { 'bench.config.mts': "import { posson } from 'limitscope'\nexport default posson" },
    "bench.config.mts:1: expected something that 'limitscope' exports, got 'posson'",
  ],
  [
    'an error of the module itself, without the secret in it',
    { 'bench.config.mts': '\nthrow new TypeError(`key is ${process.env.PATH && "canary-4711"}`)' },
    "bench.config.mts:2: expected a module that loads, got 'TypeError: key is ***'",
  ],
  [
    'a long error, cut where a secret is',
    { 'bench.config.mts': `throw new Error('${'x'.repeat(187)} canary-4711')` },
    `bench.config.mts:1: expected a module that loads, got 'Error: ${'x'.repeat(187)} ***'`,
  ],
  [
    'no default export',
    { 'bench.config.mts': 'export const config = {}' },
    "bench.config.mts: expected a default export, got none; write 'export default defineConfig({ … })'",
  ],
])('a module that cannot be loaded is told with what to do: %s', async (_what, files, line) => {
  expect(await problems(files, { MY_KEY: 'canary-4711' })).toEqual([line])
})

test("the README's config as data is one that can be run", async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, yaml = ''] = /`bench\.config\.yaml`[^\n]*\n\n```yaml\n([\s\S]*?)```/.exec(readme) ?? []
  const plan = await planOf({ 'bench.config.yaml': yaml })
  expect(plan.scenarios[0]).toMatchObject({
    name: 'mixed',
    phases: [{ arrivals: { kind: 'poisson', perS: 20 }, until: [{ kind: 'duration', us: 60e6 }] }],
  })
})
