// Whether a dashboard can be drawn at all; loads nothing.

/** Whether there is a person at a terminal that can move its cursor. */
export function canDraw(
  stdout: { readonly isTTY?: boolean | undefined },
  stdin: { readonly isTTY?: boolean | undefined },
  env: NodeJS.ProcessEnv,
): boolean {
  const isCi = [env.CI, env.CONTINUOUS_INTEGRATION].some(isSet)
  return stdout.isTTY === true && stdin.isTTY === true && !isCi && env.TERM !== 'dumb'
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false'
}
