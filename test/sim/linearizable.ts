/**
 * Is there one order of these operations on one register that explains every answer and keeps real time? (Wing and Gong
 * 1993, with Lowe's memory of visited states, as Porcupine does it.) Values are unique, so that a conditional write is
 * told by the value it replaces. An operation whose outcome the client never learnt may take effect at any time after
 * it was sent, or never; one that was refused took no effect and is not in the history at all.
 */
export type Op =
  | (Timed & { readonly type: 'read'; readonly value: string | null })
  /** `expect`: the value it replaces; null: it found nothing. */
  | (Timed & { readonly type: 'write'; readonly value: string | null; readonly expect: Expected })

/** `any`: whatever was there, but something (a deletion). */
export type Expected = { readonly type: 'value'; readonly value: string | null } | { readonly type: 'any' }

interface Timed {
  readonly client: string
  readonly calledMs: number
  /** Infinity: the answer never came. */
  readonly returnedMs: number
}

export type Verdict =
  | { readonly type: 'yes' }
  | { readonly type: 'no'; readonly stuck: readonly Op[] }
  | { readonly type: 'undecided' }

/** Beyond this many steps the search gives up: counted, and not a failure. */
const stepsMax = 300_000

export function isLinearizable(history: readonly Op[], initial: string | null = null): Verdict {
  const ops = [...history].sort((a, b) => a.calledMs - b.calledMs || a.returnedMs - b.returnedMs)
  const certain = ops.filter(({ returnedMs }) => returnedMs !== Number.POSITIVE_INFINITY).length
  const taken = new Array<boolean>(ops.length).fill(false)
  const visited = new Set<string>()
  let steps = 0
  let best: readonly Op[] = []
  let bestDone = -1

  /** Tries every operation that may come next: called before the first return among those not yet taken. */
  function search(state: string | null, done: number): boolean | 'undecided' {
    if (done === certain) return true
    if (++steps > stepsMax) return 'undecided'
    const mark = `${state}|${positions(taken)}`
    if (visited.has(mark)) return false
    visited.add(mark)
    const next = candidates(ops, taken)
    if (done > bestDone) {
      bestDone = done
      best = next.map((at) => ops[at] as Op)
    }
    for (const at of next) {
      const op = ops[at] as Op
      if (!fits(op, state)) continue
      taken[at] = true
      const found = search(
        op.type === 'read' ? state : op.value,
        done + (op.returnedMs === Number.POSITIVE_INFINITY ? 0 : 1),
      )
      if (found !== false) return found
      taken[at] = false
    }
    return false
  }

  const found = search(initial, 0)
  if (found === 'undecided') return { type: 'undecided' }
  return found ? { type: 'yes' } : { type: 'no', stuck: best }
}

function candidates(ops: readonly Op[], taken: readonly boolean[]): number[] {
  const next: number[] = []
  let firstReturnMs = Number.POSITIVE_INFINITY
  for (let at = 0; at < ops.length; at++) {
    if (taken[at] === true) continue
    const op = ops[at] as Op
    if (op.calledMs > firstReturnMs) break
    next.push(at)
    firstReturnMs = Math.min(firstReturnMs, op.returnedMs)
  }
  return next
}

function fits(op: Op, state: string | null): boolean {
  if (op.type === 'read') return op.value === state
  return op.expect.type === 'any' ? state !== null : op.expect.value === state
}

/** The taken operations as text: the length of the taken prefix, then what is taken beyond it. */
function positions(taken: readonly boolean[]): string {
  const prefix = taken.indexOf(false)
  const beyond: number[] = []
  for (let at = prefix; at < taken.length && prefix >= 0; at++) if (taken[at] === true) beyond.push(at)
  return `${prefix}:${beyond.join()}`
}
