// The address of a target, taken apart for drivers.

/** `origin` for the connection, `pathPrefix` ('' or '/v2') before every path. */
export interface TargetAddress {
  readonly origin: string
  readonly pathPrefix: string
  readonly isTls: boolean
}

export function targetAddress(url: string): TargetAddress {
  const { origin, pathname, protocol } = new URL(url)
  return { origin, pathPrefix: pathname.replace(/\/+$/, ''), isTls: protocol === 'https:' }
}
