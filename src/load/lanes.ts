// Lanes: the identities that send. A lane says where its credential comes from, never what it is.

/** Where a credential comes from; read once, before the run, on the main thread. */
export type CredentialSource =
  | { readonly from: 'none' }
  | { readonly from: 'env'; readonly name: string; readonly fallback?: string }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'command'; readonly command: string }
  /** What a step of the scenario captured under this name. */
  | { readonly from: 'capture'; readonly name: string }

/** One identity: its credential goes into `header`, after `prefix`. */
export interface Lane {
  readonly name: string
  readonly credential: CredentialSource
  readonly header: string
  readonly prefix: string
  /** What the target calls this identity's class of service, for comparisons; may be empty. */
  readonly tier: string
  /** What the embedded gateway is sent instead of the credential; default: a key of its own. */
  readonly embeddedKey?: string
  /** Headers that are no secret. */
  readonly headers: Readonly<Record<string, string>>
}

/** Secret headers by lane name, ready to send: never written anywhere. */
export type LaneSecrets = ReadonlyMap<string, Readonly<Record<string, string>>>

/** All headers of a lane, secret ones included. */
export function laneHeaders(lane: Lane, secrets: LaneSecrets): Record<string, string> {
  return { ...lane.headers, ...secrets.get(lane.name) }
}

/** Everything that must not be written: header values, and what follows a scheme in them. */
export function secretValues(secrets: LaneSecrets): string[] {
  return [...secrets.values()].flatMap((headers) =>
    Object.values(headers).flatMap((value) => [value, value.replace(/^\S+\s+/, '')]),
  )
}
