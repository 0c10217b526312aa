// The ink side of every live view: a clock that redraws, keys, and one <Text> per row. What is on the
// screen is decided by whoever draws.

import { Box, render, Text, useInput, useStdin, useWindowSize } from 'ink'
import { createElement, type ReactElement, useEffect, useReducer, useRef } from 'react'
import { cleanText, cutText } from './row.ts'
import { type Style, styleOf } from './style.ts'
import { actionOf, initialView, nextView, type ViewState } from './viewState.ts'

/** Lines of the screen: never more than `rows`, never wider than `columns`. */
export type Draw = (size: ScreenSize, view: ViewState, style: Style) => string[]

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

export interface ScreenOptions {
  /** Called for every frame. */
  readonly draw: Draw
  /** The watcher wants to stop: send no more, wait for what is in flight. */
  readonly onStop: () => void
  /** The watcher wants to stop at once. */
  readonly onAbort: () => void
  /** Default: those of the process. */
  readonly stdout?: NodeJS.WriteStream
  readonly stdin?: NodeJS.ReadStream
  readonly stderr?: NodeJS.WriteStream
  /** Decides about colours; default: that of the process. */
  readonly env?: NodeJS.ProcessEnv
}

export interface Screen {
  /** Gives the screen back; resolves when that is done. Harmless when called again. */
  close(): Promise<void>
}

export interface ViewProps extends Pick<ScreenOptions, 'draw' | 'onStop' | 'onAbort'> {
  readonly style: Style
  /** Forgets what is on the screen, so that the next frame is drawn in full. */
  readonly clear: () => void
}

/** Enough for the eye; drawing costs about 9 ms each time. */
const redrawMs = 250

/** Draws until closed. */
export function showScreen(options: ScreenOptions): Screen {
  const { draw, onStop, onAbort, stdout, stdin, stderr, env = process.env } = options
  const props: ViewProps = {
    draw,
    onStop,
    onAbort,
    style: styleOf(env),
    clear: () => instance.clear(),
  }
  const instance = render(createElement(View, props), {
    ...(stdout === undefined ? {} : { stdout }),
    ...(stdin === undefined ? {} : { stdin }),
    ...(stderr === undefined ? {} : { stderr }),
    alternateScreen: true,
    exitOnCtrlC: false,
    incrementalRendering: true,
    // Whether to draw at all has been decided by the caller, with canDraw.
    interactive: true,
    maxFps: 10,
    patchConsole: true,
  })
  let closed: Promise<void> | null = null
  return {
    close() {
      closed ??= closeInstance(instance)
      return closed
    },
  }
}

/** The whole screen. */
export function View({ draw, onStop, onAbort, style, clear }: ViewProps): ReactElement {
  const { columns, rows } = useWindowSize()
  const { isRawModeSupported } = useStdin()
  const [view, dispatch] = useReducer(nextView, initialView)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const stops = useRef(0)
  const lines = useRef<string[]>([])

  useEffect(() => {
    const timer = setInterval(redraw, redrawMs)
    return () => clearInterval(timer)
  }, [])

  useInput(
    (input, key) => {
      if (key.ctrl && input === 'l') clear()
      const action = actionOf(input, key)
      if (action === null) return redraw()
      // The state that React holds may lag behind two quick keys.
      if (action.kind === 'stop') [onStop, onAbort][stops.current++]?.()
      dispatch(action)
    },
    { isActive: isRawModeSupported },
  )

  // Windows consoles scroll when the last cell is written.
  const size = { columns, rows: process.platform === 'win32' ? rows - 1 : rows }
  try {
    lines.current = draw(size, view, style)
  } catch (error) {
    // Whatever is wrong with the view, the run goes on; so does the view, with the next frame.
    lines.current = failureFrame(lines.current, error, columns)
  }
  return createElement(
    Box,
    { flexDirection: 'column', width: columns, height: size.rows, overflow: 'hidden' },
    ...lines.current.map((line) => createElement(Text, { wrap: 'truncate' }, line)),
  )
}

/** The frame before with the error in its last line: the run goes on, and so does the next frame. */
export function failureFrame(before: readonly string[], error: unknown, columns: number): string[] {
  const why = error instanceof Error ? error.message : String(error)
  const text = cutText(cleanText(`cannot draw, the run goes on: ${why}`), columns)
  return [...before.slice(0, -1), text]
}

async function closeInstance(instance: ReturnType<typeof render>): Promise<void> {
  instance.unmount()
  // Rejects with what the view threw, if ink had to give up on it: the run does not care.
  await instance.waitUntilExit().catch(() => undefined)
}
