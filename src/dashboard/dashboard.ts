// The live dashboard as the commands see it: start, close. ink and React are loaded only when it
// starts.

import type { Dashboard, DashboardOptions } from './view.ts'

export type { Dashboard, DashboardOptions } from './view.ts'

/** Takes over the screen until closed. */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { showDashboard } = await import('./view.ts')
  return showDashboard(options)
}
