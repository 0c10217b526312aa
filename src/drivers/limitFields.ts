// Which header fields can be about limits or usage: the others need not be read.

/** Whether a field of this name, in lower case, can be about limits. */
export function isLimitName(name: string): boolean {
  return name.includes('ratelimit') || name.includes('rate-limit') || name.startsWith('retry-after')
}

/** … about what a request used. */
export function isUsageName(name: string): boolean {
  return name.includes('usage')
}
