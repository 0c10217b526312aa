// Which header fields can be about limits or usage: the others need not be read.

/** Whether a field of this name, in lower case, can be about limits or usage. */
export function isLimitName(name: string): boolean {
  return (
    name.includes('ratelimit') ||
    name.includes('rate-limit') ||
    name.startsWith('retry-after') ||
    name.includes('usage')
  )
}
