// Which view of the run is shown: the dashboard on a terminal, lines elsewhere, JSON lines, nothing.

import type { CommandIo } from './io.ts'
import type { Reporter } from './reporters.ts'
import type { ScreenFactory } from './session.ts'

/** The view that was asked for, or the best one for where the output goes. */
export async function chooseScreen(
  asked: Reporter | undefined,
  json: boolean,
  io: CommandIo,
): Promise<ScreenFactory> {
  const { canDraw } = await import('../dashboard/canDraw.ts')
  const isDrawable = !json && canDraw(io.stdout, io.stdin, io.env)
  switch (asked ?? (isDrawable ? 'tui' : 'line')) {
    case 'tui':
      return isDrawable ? dashboardScreen(io) : lineScreen(io)
    case 'line':
      return lineScreen(io)
    case 'jsonl':
      return jsonlScreen(io)
    case 'silent':
      return async () => null
  }
}

function dashboardScreen({ stdout, stdin, stderr }: CommandIo): ScreenFactory {
  return async (parts) => {
    const { startDashboard } = await import('../dashboard/dashboard.ts')
    const dashboard = await startDashboard({ ...parts, stdout, stdin, stderr })
    return { event() {}, close: () => dashboard.close() }
  }
}

function lineScreen({ stderr }: CommandIo): ScreenFactory {
  return async ({ snapshot }) => {
    const { startLineReporter } = await import('../dashboard/lineReporter.ts')
    const write = (line: string) => void stderr.write(`${line}\n`)
    const reporter = startLineReporter({ snapshot, write })
    return { event() {}, close: async () => reporter.close() }
  }
}

/** Every event, as it happens, as a line of JSON on stdout. */
function jsonlScreen({ stdout }: CommandIo): ScreenFactory {
  return async () => ({
    event: (event) => void stdout.write(`${JSON.stringify(event)}\n`),
    close: async () => {},
  })
}
