// `import { profile } from 'limitscope'`: the profiler for programs.

import type { ProfileDocument } from '../core/profileDocument.ts'
import type { ProfileEvent } from '../profile/contract.ts'
import { type ProfileSettings, profileJob } from './profileJob.ts'
import { runProfile } from './profileRun.ts'

export interface ProfileCall extends ProfileSettings {
  /** Ends the profile with what is known. */
  readonly signal?: AbortSignal
  readonly onEvent?: (event: ProfileEvent) => void
}

/**
 * Finds out which limiters stand in front of an endpoint. Rejects for targets that must not be probed;
 * what cannot be found out is in the document.
 */
export async function profile(target: string, call: ProfileCall = {}): Promise<ProfileDocument> {
  const { signal, onEvent, ...settings } = call
  const job = profileJob(target, settings)
  const hooks = {
    ...(signal === undefined ? {} : { signal }),
    ...(onEvent === undefined ? {} : { onEvent }),
  }
  const { document } = await runProfile(job, hooks)
  return JSON.parse(job.redact(JSON.stringify(document))) as ProfileDocument
}
