// For tests: a real Chromium, where the machine has one.

import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Path of its program; null, with a message on stderr, where there is none. */
export function findChromium(): string | null {
  const found = places.find((path) => path !== undefined && existsSync(path)) ?? null
  if (found === null) {
    process.stderr.write(
      'no Chromium here: tests of report pages in a browser are skipped (set CHROMIUM to its path)\n',
    )
  }
  return found
}

export function startChromium(path: string): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: ['--no-sandbox'] })
}
