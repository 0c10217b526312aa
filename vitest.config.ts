import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const report = process.env.LIMITSCOPE_TEST_REPORT

export default defineConfig({
  resolve: { alias: { limitscope: join(import.meta.dirname, 'src/index.ts') } },
  test: {
    include: ['src/**/*.test.{ts,tsx}'],
    // Real servers and clocks are waited for: on two cores, one worker leaves half of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    setupFiles: ['src/testing/properties.ts'],
    testTimeout: process.env.LIMITSCOPE_SOAK === '1' ? 600_000 : 30_000,
    reporters: [process.env.CI ? 'dot' : 'default', ...(report ? ['json' as const] : [])],
    ...(report ? { outputFile: { json: report } } : {}),
  },
})
