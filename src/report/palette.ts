// Colours that tell categories apart, on terminals and in HTML alike; chosen to differ in lightness,
// too, for those who do not see the hues.

/** 24-bit colours, in the order in which categories take them. */
const colours = [
  '#3b82c4',
  '#e08a1e',
  '#3fa56b',
  '#b5539c',
  '#d9c63f',
  '#7a5c46',
  '#59bfc9',
] as const

/** What stands for "none". */
export const noneColour = '#2a2f36'

/** The colour of category `i`; they repeat after the last. */
export function colourOf(i: number): string {
  return i < 0 ? noneColour : colours[i % colours.length]!
}

/** Letters that stand for categories where there are no colours. */
export function letterOf(i: number): string {
  return i < 0 ? '·' : String.fromCharCode(65 + (i % 26))
}

/** An ANSI sequence for a 24-bit colour: the foreground, or the background. */
export function sgr(colour: string, ground: 'foreground' | 'background'): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
  return `\u001b[${ground === 'foreground' ? 38 : 48};2;${red};${green};${blue}m`
}

export const sgrReset = '\u001b[0m'
