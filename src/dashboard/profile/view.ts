// The live view of a profile as the commands see it: on a terminal, or as lines. ink is loaded only
// when it draws.

import { formatInstant } from '../../core/format.ts'
import type { ProfileEvent } from '../../profile/contract.ts'
import { cleanText } from '../row.ts'
import type { Screen, ScreenOptions } from '../screen.ts'
import { drawProfile, profileLine } from './frame.ts'
import { ProfileFold, type ProfileFoldParts } from './watch.ts'

/** Is told of everything that happens in a profile, until it is closed. */
export interface ProfileView extends Screen {
  add(event: ProfileEvent): void
}

/** Takes over the screen until closed. */
export async function showProfile(
  parts: ProfileFoldParts,
  options: Omit<ScreenOptions, 'draw'>,
): Promise<ProfileView> {
  const { showScreen } = await import('../screen.ts')
  const fold = new ProfileFold(parts)
  const draw: ScreenOptions['draw'] = (...where) => drawProfile(fold.watch(), ...where)
  const screen = showScreen({ ...options, draw })
  return { add: (event) => void fold.add(event), close: () => screen.close() }
}

/** How far status lines are apart. */
const statusEveryMs = 10_000

/** One line for every note, and one now and then for where it stands. */
export function tellProfile(parts: ProfileFoldParts, write: (line: string) => void): ProfileView {
  const fold = new ProfileFold(parts)
  const timer = setInterval(() => write(profileLine(fold.watch())), statusEveryMs)
  return {
    add(event) {
      for (const { atUs, text } of fold.add(event)) {
        write(`${formatInstant(atUs).padStart(10)}  ${cleanText(text)}`)
      }
    },
    close: async () => clearInterval(timer),
  }
}
