import { Console } from 'node:console'
import { PassThrough, Writable } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { startDashboard } from './dashboard.ts'
import { manyCheap } from './fixtures.ts'

const enter = '\u001b[?1049h'
const leave = '\u001b[?1049l'
const showCursor = '\u001b[?25h'

/** Streams that look like a terminal of 80×24. */
function terminal() {
  let written = ''
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk)
      done()
    },
  })
  Object.assign(stdout, { isTTY: true, columns: 80, rows: 24 })
  const stdin = new PassThrough()
  const setRawMode = vi.fn()
  Object.assign(stdin, { isTTY: true, setRawMode, ref() {}, unref() {} })
  return {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    setRawMode,
    written: () => written,
    press: (key: string) => stdin.write(key),
  }
}

// The console of vitest lacks the constructor that ink patches it with.
Object.assign(console, { Console })

const run = { onStop() {}, onAbort() {} }

test('takes the alternate screen, and gives it, the cursor and the keyboard back', async () => {
  const { stdout, stdin, setRawMode, written } = terminal()
  const dashboard = await startDashboard({
    ...run,
    snapshot: () => manyCheap,
    stdout,
    stdin,
    env: {},
  })
  await vi.waitFor(() => expect(written()).toContain('LIMITERS'))
  expect(written().startsWith(enter)).toBe(true)
  expect(setRawMode).toHaveBeenLastCalledWith(true)
  await dashboard.close()
  expect(written().indexOf(leave)).toBeGreaterThan(0)
  expect(written().endsWith(showCursor)).toBe(true)
  expect(setRawMode).toHaveBeenLastCalledWith(false)
})

test('closing twice is closing once', async () => {
  const { stdout, stdin, written } = terminal()
  const dashboard = await startDashboard({
    ...run,
    snapshot: () => manyCheap,
    stdout,
    stdin,
    env: {},
  })
  await Promise.all([dashboard.close(), dashboard.close()])
  await dashboard.close()
  expect(written().split(leave)).toHaveLength(2)
})

test('only lines that changed are written', async () => {
  const { stdout, stdin, written } = terminal()
  let nowUs = manyCheap.nowUs
  const snapshot = () => {
    nowUs += 100_000
    return { ...manyCheap, nowUs }
  }
  const dashboard = await startDashboard({
    ...run,
    snapshot,
    stdout,
    stdin,
    env: { NO_COLOR: '1' },
  })
  await vi.waitFor(() => expect(written()).toContain('LIMITERS'))
  const before = written().length
  await vi.waitFor(() => expect(written().length).toBeGreaterThan(before))
  expect(written().slice(before)).not.toContain('EVENTS')
  await dashboard.close()
})

test('a keyboard that cannot be read does not keep the run from being shown', async () => {
  const { stdout, written } = terminal()
  const stdin = new PassThrough() as unknown as NodeJS.ReadStream
  const dashboard = await startDashboard({
    ...run,
    snapshot: () => manyCheap,
    stdout,
    stdin,
    env: {},
  })
  await vi.waitFor(() => expect(written()).toContain('LIMITERS'))
  await dashboard.close()
})

test('keys reach the run', async () => {
  const { stdout, stdin, press } = terminal()
  const onStop = vi.fn()
  const dashboard = await startDashboard({
    ...run,
    onStop,
    snapshot: () => manyCheap,
    stdout,
    stdin,
  })
  press('q')
  await vi.waitFor(() => expect(onStop).toHaveBeenCalledTimes(1))
  await dashboard.close()
})
