// The live dashboard as the commands see it: start, close. ink and React are loaded only when it
// starts.

import type { LiveSnapshot } from '../recording/live.ts'
import { drawFrame } from './frame.ts'
import type { Screen, ScreenOptions } from './screen.ts'

export type { Screen } from './screen.ts'

export interface DashboardOptions extends Omit<ScreenOptions, 'draw'> {
  /** Called for every frame. */
  readonly snapshot: () => LiveSnapshot
}

/** Takes over the screen until closed. */
export async function startDashboard(options: DashboardOptions): Promise<Screen> {
  const { showScreen } = await import('./screen.ts')
  const { snapshot, ...rest } = options
  return showScreen({ ...rest, draw: (...where) => drawFrame(snapshot(), ...where) })
}
