// Report pages in a real Chromium, with no network.

import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { presets } from '../gateway/presets.ts'
import { findChromium, startChromium } from '../testing/chromium.ts'
import { storeHostileRun } from '../testing/hostileRuns.ts'
import { declaredBy, phase, plan, scenario } from '../testing/simulate.ts'
import { storeRun } from '../testing/storedRuns.ts'

const program = findChromium()

describe.skipIf(program === null)('report.html in Chromium', () => {
  let browser: Browser
  let short = ''
  let hostile = ''

  beforeAll(async () => {
    browser = await startChromium(program!)
    const kuadrant = presets.kuadrant!
    // Some 2 s.
    short = await storeRun({
      spec: kuadrant,
      plan: plan({
        limiters: declaredBy(kuadrant),
        scenarios: [
          scenario('short', phase({ until: [{ kind: 'rejected', limiter: '*', plus: 2 }] })),
        ],
      }),
    })
    hostile = await storeHostileRun()
  })

  afterAll(() => browser?.close())

  /** The page, and what it complained about or asked for. */
  async function open(path: string, width = 1200, dark = false) {
    const page = await browser.newPage({
      viewport: { width, height: 800 },
      colorScheme: dark ? 'dark' : 'light',
      offline: true,
    })
    const troubles: string[] = []
    page.on('console', (message) => troubles.push(message.text()))
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('dialog', (dialog) => troubles.push(dialog.message()))
    page.on('request', (request) => troubles.push(request.url()))
    const url = pathToFileURL(`${path}/report.html`).href
    await page.goto(url)
    return { page, troubles: () => troubles.filter((trouble) => trouble !== url) }
  }

  /** Pixels of every chart's canvas that something was drawn on. */
  const inks = (page: Page): Promise<number[]> =>
    page.evaluate(`[...document.querySelectorAll('.plot canvas')].map((canvas) => {
      const { width, height } = canvas
      const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
      return data.filter((value, i) => i % 4 === 3 && value > 0).length
    })`)

  test('draws every chart of a run of two seconds, and asks for nothing', async () => {
    const { page, troubles } = await open(short)
    const drawn = await inks(page)
    expect(drawn).toHaveLength(await page.locator('figure.chart').count())
    expect(drawn).toHaveLength(7)
    for (const ink of drawn) expect(ink).toBeGreaterThan(1000)
    expect(troubles()).toEqual([])
    await page.close()
  })

  test('what a hostile target says runs nothing and loads nothing', async () => {
    const { page, troubles } = await open(hostile)
    expect(await page.evaluate('globalThis.hacked')).toBe(undefined)
    for (const figure of await page.locator('figure.chart').all()) await figure.hover()
    expect(await page.locator('main img, main svg, main a').count()).toBe(0)
    expect(await page.locator('main').innerText()).toContain('<img src="http://evil.invalid/x.png"')
    expect(troubles()).toEqual([])
    await page.close()
  })

  test('fits 400 pixels', async () => {
    for (const path of [short, hostile]) {
      const { page } = await open(path, 400)
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect(width).toBe(400)
      await page.close()
    }
  })

  test('is read by keyboard: arrow keys tell the values, Enter hides a series', async () => {
    const { page } = await open(short)
    const chart = page.locator('[data-chart="responses"]')
    await chart.focus()
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    const values = chart.locator('.u-value')
    expect(await values.first().innerText()).toBe('0.25 s')
    expect(await values.last().innerText()).toMatch(/^\d+\/s$/)
    const entry = chart.locator('.u-series th[role=button]').last()
    await entry.focus()
    await page.keyboard.press('Enter')
    expect(await chart.locator('.u-series.u-off').count()).toBe(1)
    await page.close()
  })

  test('is dark where that is wanted, and black on white on paper', async () => {
    const { page } = await open(short, 1200, true)
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(await paper()).toBe('rgb(20, 24, 29)')
    const dark = await page.locator('figure.chart').first().screenshot()
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await paper()).toBe('rgb(255, 255, 255)')
    expect(await page.locator('nav').isVisible()).toBe(false)
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' })
    const light = await page.locator('figure.chart').first().screenshot()
    expect(light.equals(dark)).toBe(false)
    await page.close()
  })
})
