// What the watcher has chosen to see, and how keys change it; pure.

/** Panels that can fill the screen. */
export type PanelName = 'limiters' | 'latency' | 'throughput' | 'generator' | 'events'

export interface ViewState {
  readonly maximised: PanelName | null
  readonly isHelpShown: boolean
  /** How often the watcher has asked to stop: once is gracefully, twice is at once. */
  readonly stops: 0 | 1 | 2
}

export const initialView: ViewState = { maximised: null, isHelpShown: false, stops: 0 }

export type ViewAction =
  | { readonly kind: 'maximise'; readonly panel: PanelName }
  | { readonly kind: 'help' | 'back' | 'stop' }

/** Every key of the dashboard with what it does, for the help. */
export const keys: readonly (readonly [string, string])[] = [
  ['q, Ctrl-C', 'stop sending, wait for what is in flight'],
  ['again', 'stop at once, drop what is in flight'],
  ['l', 'event log in full height, and back'],
  ['1', 'limiters in full height'],
  ['2', 'latency in full height'],
  ['3', 'throughput in full height'],
  ['4', 'generator in full height'],
  ['esc', 'back to all panels'],
  ['Ctrl-L', 'draw the screen anew'],
  ['?', 'this help'],
]

/** The action of a key, or null. */
export function actionOf(
  input: string,
  key: { readonly ctrl: boolean; readonly escape: boolean },
): ViewAction | null {
  if (key.escape) return { kind: 'back' }
  if (key.ctrl) return input === 'c' ? { kind: 'stop' } : null
  return actions[input] ?? null
}

export function nextView(view: ViewState, action: ViewAction): ViewState {
  switch (action.kind) {
    case 'maximise': {
      const { panel } = action
      return { ...view, isHelpShown: false, maximised: view.maximised === panel ? null : panel }
    }
    case 'help':
      return { ...view, isHelpShown: !view.isHelpShown }
    case 'back':
      return view.isHelpShown ? { ...view, isHelpShown: false } : { ...view, maximised: null }
    case 'stop':
      return { ...view, stops: view.stops === 0 ? 1 : 2 }
  }
}

const actions: Readonly<Record<string, ViewAction>> = {
  q: { kind: 'stop' },
  l: { kind: 'maximise', panel: 'events' },
  '1': { kind: 'maximise', panel: 'limiters' },
  '2': { kind: 'maximise', panel: 'latency' },
  '3': { kind: 'maximise', panel: 'throughput' },
  '4': { kind: 'maximise', panel: 'generator' },
  '?': { kind: 'help' },
}
