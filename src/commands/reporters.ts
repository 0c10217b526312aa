// The names of the views of a run; apart from what they draw, so that help costs nothing.

export const reporters = ['tui', 'line', 'jsonl', 'silent'] as const
export type Reporter = (typeof reporters)[number]
