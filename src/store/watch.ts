import { assert } from '../lib/assert.ts'
import type { Change } from './types.ts'

/**
 * The recent changes, so that a watch can go on where it stood. Every revision is one change, so the changes kept are
 * one unbroken run of revisions up to the newest; what lies before it is told as compacted, never skipped in silence.
 * A watch that always asks on from `through` sees each change with its prefix exactly once and in order.
 */
export interface ChangeRing {
  add(change: Change): void
  /** As `StoreView.changes`. */
  since(
    prefix: string,
    revision: number,
    limit: number,
  ): { readonly changes: readonly Change[]; readonly through: number } | 'compacted'
  /** Forgets all; the next change is that after `revision`. */
  reset(revision: number): void
  /** The revision after which everything is kept. */
  readonly floor: number
}

export interface RingLimits {
  readonly changesMax: number
  /** Of the values that the changes hold, those before and those after. */
  readonly changeBytesMax: number
}

/** Some minutes of a busy cluster: a watcher that was away longer lists anew. */
export const ringLimits: RingLimits = { changesMax: 10_000, changeBytesMax: 32 * 1024 * 1024 }

export function newChangeRing(startRevision: number, limits: RingLimits = ringLimits): ChangeRing {
  // `kept[head + i]` has revision `floor + 1 + i`; slots before `head` are given up now and then in one go.
  let kept: (Change | null)[] = []
  let head = 0
  let floor = startRevision
  let bytes = 0

  function dropOldest(): void {
    const oldest = kept[head]
    assert(oldest, 'what is counted is kept')
    kept[head] = null
    head += 1
    floor = oldest.revision
    bytes -= bytesOf(oldest)
    if (head > limits.changesMax) {
      kept = kept.slice(head)
      head = 0
    }
  }

  return {
    get floor() {
      return floor
    },

    add(change) {
      assert(change.revision === floor + kept.length - head + 1, 'changes come without a gap')
      kept.push(change)
      bytes += bytesOf(change)
      while (kept.length - head > limits.changesMax || bytes > limits.changeBytesMax) dropOldest()
    },

    since(prefix, revision, limit) {
      if (revision < floor) return 'compacted'
      const changes: Change[] = []
      for (let slot = head + revision - floor; slot < kept.length; slot++) {
        const change = kept[slot]
        assert(change, 'the ring has no holes')
        if (!change.key.startsWith(prefix)) continue
        changes.push(change)
        // What follows may have this prefix, too: so far and no further is the answer complete.
        if (changes.length >= limit) return { changes, through: change.revision }
      }
      return { changes, through: Math.max(revision, floor + kept.length - head) }
    },

    reset(revision) {
      kept = []
      head = 0
      floor = revision
      bytes = 0
    },
  }
}

function bytesOf({ version, previous }: Change): number {
  return (version?.value.length ?? 0) + (previous?.value.length ?? 0)
}
