/** How the commands' answers look. */

export type Colour = 'bold' | 'dim' | 'green' | 'yellow' | 'red'

const codes: Readonly<Record<Colour, string>> = { bold: '1', dim: '2', green: '32', yellow: '33', red: '31' }

export type Paint = (colour: Colour, text: string) => string

export function newPaint(colours: boolean): Paint {
  return colours ? (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m` : (_, text) => text
}

/** Columns as wide as their widest cell, three spaces apart, no spaces at the end; the form of kubectl's tables. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, visibleLength(cell))
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - visibleLength(cell)))
      .join('   ')
      .trimEnd(),
  )
}

function visibleLength(text: string): number {
  return text.replace(/\p{Cc}\[[0-9]+m/gu, '').length
}

/** `45s`, `12m`, `24h`, `6d`: in the largest unit that says enough, to the nearest. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7_170) return `${Math.round(seconds / 60)}m`
  if (seconds < 171_000) return `${Math.round(seconds / 3600)}h`
  return `${Math.round(seconds / 86_400)}d`
}

/** `no nodes`, `1 node`, `3 nodes`. */
export function count(n: number, noun: string): string {
  return `${n === 0 ? 'no' : n} ${noun}${n === 1 ? '' : 's'}`
}
