// One self-contained HTML page: no script, no request to anywhere, readable in light and dark.

const style = `
:root { color-scheme: light dark; --ink: #1d2127; --dim: #667080; --line: #d5dae1; --paper: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --dim: #96a0af; --line: #39414d; --paper: #15181d; }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 500; } td.n, th.n { text-align: right; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--dim); fill: none; } .dim { color: var(--dim); }
.swatch { display: inline-block; width: .9em; height: .9em; border-radius: 2px; margin-right: .4em; }
.bad { color: #c03434; font-weight: 600; }`

/** A page of a title and of parts that are HTML already. */
export function htmlPage(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><h1>${escapeHtml(title)}</h1>
${parts.join('\n')}
</body></html>
`
}

/** A table of text cells; columns whose every cell is a number stand to the right. */
export function htmlTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const isNumber = columns.map((_, c) =>
    rows.every((row) => /^[-–\d.,]+( \S{1,4})?$/.test(row[c]!)),
  )
  const cell = (tag: 'td' | 'th', text: string, c: number) =>
    `<${tag}${isNumber[c] ? ' class="n"' : ''}>${escapeHtml(text)}</${tag}>`
  const line = (tag: 'td' | 'th', cells: readonly string[]) =>
    `<tr>${cells.map((text, c) => cell(tag, text, c)).join('')}</tr>`
  return `<table><thead>${line('th', columns)}</thead><tbody>${rows
    .map((row) => line('td', row))
    .join('')}</tbody></table>`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
