import { encodeProposal } from './codec.ts'
import { sequenceWindowMax } from './sessions.ts'
import type { Txn } from './types.ts'

/**
 * The proposer's half of a session (thesis 6.3): what was proposed here and has no outcome yet, when to offer it
 * again, when to give up. `T` is whatever waits for the outcome.
 *
 * Invariant: one sequence is always the same bytes, and `acked` never passes a sequence that may still be repeated.
 */
export interface Proposals<T> {
  readonly session: { readonly origin: string; readonly since: number }
  /** To be offered at once by the caller. Null when too many wait. Throws `InvalidTxnError`. */
  add(txn: Txn, waiter: T, nowMs: number): Pending<T> | null
  /** The one with this sequence, no longer pending. */
  take(sequence: number): Pending<T> | undefined
  remove(pending: Pending<T>): void
  /** To be offered again now, the oldest first; each becomes due again later. */
  due(nowMs: number): Pending<T>[]
  /** Waited too long; no longer pending. */
  overdue(nowMs: number): Pending<T>[]
  /** Makes all due now: there is a new leader to tell. */
  hurry(nowMs: number): void
  /** Begins another session, since the store forgot the old one; only for proposals that were surely never applied. */
  renew(origin: string, since: number): void
  /** When the next is due or overdue. Null: never. */
  nextMs(): number | null
  all(): Pending<T>[]
}

export interface Pending<T> {
  readonly waiter: T
  readonly sequence: number
  readonly bytes: Uint8Array
  /** Whether it may have left this daemon: then its outcome is unknown until applied. */
  offered: boolean
}

export interface ProposalOptions {
  readonly pendingMax: number
  /** Doubled at each repeat, up to the maximum. */
  readonly repeatAfterMs: number
  readonly repeatAfterMaxMs: number
  readonly commitTimeoutMs: number
}

export const proposalOptions: ProposalOptions = {
  pendingMax: 1024,
  // Longer than a commit takes on a busy cluster, shorter than people notice.
  repeatAfterMs: 400,
  repeatAfterMaxMs: 3200,
  commitTimeoutMs: 10_000,
}

interface Waiting<T> extends Pending<T> {
  sequence: number
  bytes: Uint8Array
  readonly txn: Txn
  readonly giveUpMs: number
  dueMs: number
  repeatAfterMs: number
}

export function newProposals<T>(origin: string, since: number, options: ProposalOptions): Proposals<T> {
  let session = { origin, since }
  // In the order of the sequences: the first is the oldest.
  let pending = new Map<number, Waiting<T>>()
  let nextSequence = 1

  const oldest = (): number => pending.keys().next().value ?? nextSequence

  return {
    get session() {
      return session
    },

    add(txn, waiter, nowMs) {
      if (pending.size >= options.pendingMax || nextSequence - oldest() >= sequenceWindowMax) return null
      const mark = { ...session, sequence: nextSequence, acked: oldest() }
      const waiting: Waiting<T> = {
        waiter,
        txn,
        sequence: nextSequence,
        bytes: encodeProposal(mark, txn),
        offered: false,
        giveUpMs: nowMs + options.commitTimeoutMs,
        dueMs: nowMs + options.repeatAfterMs,
        repeatAfterMs: options.repeatAfterMs,
      }
      pending.set(nextSequence, waiting)
      nextSequence += 1
      return waiting
    },

    take(sequence) {
      const found = pending.get(sequence)
      pending.delete(sequence)
      return found
    },

    remove(gone) {
      pending.delete(gone.sequence)
    },

    due(nowMs) {
      const found = [...pending.values()].filter((waiting) => waiting.dueMs <= nowMs)
      for (const waiting of found) {
        waiting.repeatAfterMs = Math.min(2 * waiting.repeatAfterMs, options.repeatAfterMaxMs)
        waiting.dueMs = nowMs + waiting.repeatAfterMs
      }
      return found
    },

    overdue(nowMs) {
      const found = [...pending.values()].filter((waiting) => waiting.giveUpMs <= nowMs)
      for (const waiting of found) pending.delete(waiting.sequence)
      return found
    },

    hurry(nowMs) {
      for (const waiting of pending.values()) waiting.dueMs = nowMs
    },

    renew(newOrigin, newSince) {
      session = { origin: newOrigin, since: newSince }
      const kept = [...pending.values()]
      pending = new Map()
      for (const [i, waiting] of kept.entries()) {
        waiting.sequence = i + 1
        waiting.bytes = encodeProposal({ ...session, sequence: i + 1, acked: 1 }, waiting.txn)
        pending.set(i + 1, waiting)
      }
      nextSequence = kept.length + 1
    },

    nextMs() {
      let next: number | null = null
      for (const { dueMs, giveUpMs } of pending.values()) next = Math.min(next ?? dueMs, dueMs, giveUpMs)
      return next
    },

    all: () => [...pending.values()],
  }
}
