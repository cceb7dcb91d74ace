/**
 * What happened in a world, in order, folded into one hash as it goes: two runs of a seed that differ anywhere differ
 * here. The last lines are kept as text for the report of a failure; counts tell how often each kind occurred.
 */
export interface Trace {
  /** Records one event. `detail` must be the same in every run of the seed: no object ids, no real time. */
  add(atMs: number, kind: string, where: string, detail: string): void
  /** Of everything recorded so far: 16 hexadecimal digits. */
  readonly hash: string
  readonly events: number
  /** The last lines, oldest first, at most `keptLinesMax`. */
  last(): readonly string[]
  /** Told of every event, for verbose runs. */
  listener: ((line: string) => void) | null
}

const keptLinesMax = 400

export function newTrace(): Trace {
  const fold = newFold()
  const kept: TraceLine[] = []
  let events = 0
  const trace: Trace = {
    listener: null,
    get hash() {
      return fold.digest()
    },
    get events() {
      return events
    },
    last: () => {
      const oldest = events % keptLinesMax
      return (events < keptLinesMax ? kept : [...kept.slice(oldest), ...kept.slice(0, oldest)]).map(printed)
    },
    add(atMs, kind, where, detail) {
      const line = { atMs, kind, where, detail }
      fold.number(atMs)
      fold.text(kind)
      fold.text(where)
      fold.text(detail)
      kept[events % keptLinesMax] = line
      events++
      trace.listener?.(printed(line))
    },
  }
  return trace
}

interface TraceLine {
  readonly atMs: number
  readonly kind: string
  readonly where: string
  readonly detail: string
}

function printed(line: TraceLine): string {
  const shown = line.detail.length > 300 ? `${line.detail.slice(0, 300)}…` : line.detail
  return `${(line.atMs / 1000).toFixed(6).padStart(11)} ${line.where.padEnd(4)} ${line.kind.padEnd(8)} ${shown}`
}

/** A running hash of two 32-bit lanes (the mixing of cyrb53): quick, and good enough to tell two runs apart. */
function newFold(): { number(value: number): void; text(value: string): void; digest(): string } {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  const word = (value: number): void => {
    a = Math.imul(a ^ value, 2654435761)
    b = Math.imul(b ^ value, 1597334677)
    a ^= b >>> 15
    b ^= a >>> 13
  }
  return {
    number(value) {
      word(Math.floor(value))
      word(Math.floor((value % 1) * 1e6))
    },
    text(value) {
      word(value.length)
      for (let i = 0; i < value.length; i++) word(value.charCodeAt(i))
    },
    digest: () => (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0'),
  }
}

/** Bytes as eight hexadecimal digits, for trace lines (FNV-1a). */
export function bytesMark(bytes: Uint8Array): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
