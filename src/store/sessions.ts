import { must } from '../lib/assert.ts'

/**
 * Which proposals have been applied, so that a repeat changes nothing (thesis 6.3). A proposer numbers its proposals
 * and repeats one, byte for byte, until it learns the outcome; the log may hold it several times. The first
 * application decides for good. Without that, this could happen: a creation is refused, since the record is there;
 * someone deletes the record; the repeat succeeds, and its writer, long told of the refusal, never hears of it.
 * Hence a refused proposal counts as applied, too.
 *
 * The thesis registers a session with an entry of its own, so that a forgotten session is not taken for a new one.
 * Here a proposal says instead how far its proposer had applied the log when the session began (`since`). All entries
 * of a session come after its `since`, so a forgotten session, last used at L, has `since` < L; a session that the
 * table does not know is new for certain if its `since` is at or after the last use of every session ever forgotten.
 */
export interface Sessions {
  /** Judges a proposal, and remembers it as applied unless it `expired`. */
  admit(mark: ProposalMark, index: number): Admission
  get(origin: string): Session | undefined
  /** Sessions last used at or before this index may have been forgotten. */
  readonly forgottenThrough: number
  /** The least recently used first. The values never change. */
  all(): Session[]
}

/** Who proposes, and which of its proposals this is. */
export interface ProposalMark {
  /** One start of one daemon. */
  readonly origin: string
  /** The index that the proposer had applied when it took this origin. */
  readonly since: number
  /** Counted from 1. */
  readonly sequence: number
  /** All sequences below are settled for the proposer: it will never repeat them. */
  readonly acked: number
}

export interface Session {
  readonly origin: string
  /** Of its last entry. */
  readonly lastIndex: number
  /** Sequences that were applied or will not be: half-open ranges, ascending, apart, the first from 0. */
  readonly applied: readonly Range[]
}

export type Range = readonly [from: number, to: number]

/** `touched` and `forgotten`: origins whose stored session changed or went. */
export interface Admission {
  readonly type: 'new' | 'repeat' | 'expired'
  readonly touched: string | null
  readonly forgotten: string | null
}

/**
 * How far a proposal may run ahead of its proposer's oldest unsettled one. Bounds the ranges of a session: all lie in
 * one window above the highest `acked` seen.
 */
export const sequenceWindowMax = 8192

/** Daemons that write at the same time; a forgotten one only has to begin a new session. */
export const sessionsMax = 4096

export function newSessions(
  known: readonly Session[] = [],
  forgottenThroughBefore = 0,
  countMax = sessionsMax,
): Sessions {
  // In the order of last use: a Map keeps the order of insertion, and each use inserts anew.
  const table = new Map(known.map((session) => [session.origin, session]))
  let forgottenThrough = forgottenThroughBefore

  function forgetOldest(): string {
    const oldest = must(table.values().next().value, 'a full table has an oldest session')
    table.delete(oldest.origin)
    forgottenThrough = oldest.lastIndex
    return oldest.origin
  }

  return {
    get forgottenThrough() {
      return forgottenThrough
    },
    get: (origin) => table.get(origin),
    all: () => [...table.values()],

    admit({ origin, since, sequence, acked }, index) {
      const session = table.get(origin)
      if (session === undefined && since < forgottenThrough) return { type: 'expired', touched: null, forgotten: null }
      const applied = session?.applied ?? []
      const type = wasApplied(applied, sequence) ? 'repeat' : 'new'
      const forgotten = session === undefined && table.size >= countMax ? forgetOldest() : null
      table.delete(origin)
      table.set(origin, {
        origin,
        lastIndex: index,
        applied: withRange(withRange(applied, [0, acked]), [sequence, sequence + 1]),
      })
      return { type, touched: origin, forgotten }
    },
  }
}

export function wasApplied(applied: readonly Range[], sequence: number): boolean {
  return applied.some(([from, to]) => from <= sequence && sequence < to)
}

/** The ranges and one more, joined where they meet. */
export function withRange(ranges: readonly Range[], [from, to]: Range): readonly Range[] {
  const before = ranges.filter((range) => range[1] < from)
  const after = ranges.filter((range) => range[0] > to)
  const joined = ranges.slice(before.length, ranges.length - after.length)
  const first = Math.min(from, joined[0]?.[0] ?? from)
  const last = Math.max(to, joined.at(-1)?.[1] ?? to)
  return [...before, [first, last], ...after]
}
