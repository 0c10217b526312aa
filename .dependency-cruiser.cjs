// The layers of src/, from the lowest up: a file imports its own folder or a lower layer. Type-only
// imports count. Folders of one layer do not know each other; the plan, which gathers what the
// domain has, may.
const layers = [
  ['core'],
  ['limiters', 'dialects'],
  ['load'],
  ['config', 'drivers', 'gateway', 'recording'],
  ['engine'],
  ['profile', 'capacity', 'analysis'],
  ['dashboard', 'report', 'cluster'],
  ['commands'],
]

const folder = (names) => `^src/(${names.join('|')})/`

const upward = layers.flatMap((names, i) => {
  const above = layers.slice(i + 1).flat()
  return above.length === 0
    ? []
    : [
        {
          name: `${names.join('-')}-imports-upward`,
          severity: 'error',
          from: { path: folder(names), pathNot: '\\.test\\.tsx?$' },
          to: { path: [folder(above), '^src/(cli|index)\\.ts$'] },
        },
      ]
})

const sideways = layers
  .filter((names) => names.length > 1)
  .flatMap((names) =>
    names.map((name) => ({
      name: `${name}-imports-sideways`,
      severity: 'error',
      from: { path: folder([name]), pathNot: '\\.test\\.tsx?$' },
      to: { path: folder(names.filter((other) => other !== name)) },
    })),
  )

const only = (name, path, pathNot) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: [...pathNot, '\\.test\\.tsx?$', '^src/testing/'] },
  to: { path },
})

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', 'Main\\.ts$', '^src/(cli|index)\\.ts$'] },
      to: {},
    },
    ...upward,
    ...sideways,
    {
      name: 'screens-do-not-know-the-engine',
      severity: 'error',
      from: { path: folder(['dashboard', 'report']), pathNot: '\\.test\\.tsx?$' },
      to: { path: folder(['engine', 'drivers', 'gateway']) },
    },
    {
      name: 'tests-help-tests-only',
      severity: 'error',
      from: { path: '^src/', pathNot: ['\\.test\\.tsx?$', '^src/testing/'] },
      to: { path: '^src/testing/' },
    },
    only('one-place-knows-hdr', 'node_modules/hdr-histogram-js', ['^src/core/histogram\\.ts$']),
    only('one-place-knows-undici', 'node_modules/undici', ['^src/drivers/undici\\.ts$']),
    only('one-place-knows-autocannon', 'node_modules/autocannon', [
      '^src/drivers/autocannon\\.ts$',
    ]),
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|docs)/' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js'] },
  },
}
