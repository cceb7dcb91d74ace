/**
 * The name of a record: `<group>/<resource>/<namespace>/<name>`, ASCII, with `core` for the core group and an empty
 * namespace for cluster-scoped kinds: `core/pods/default/web`, `core/nodes//n1`.
 */
export type Key = string

/**
 * The one command in the log: all of it happens, or nothing. Repeated by its proposer until its outcome is known; the
 * store recognises the repeat by (`origin`, `sequence`) and answers as before (thesis 6.3).
 */
export interface Txn {
  readonly writes: readonly Write[]
}

/** Every write says what it expects to find, so that it can never undo what its writer did not see. */
export type Write = PutWrite | DeleteWrite

export interface PutWrite {
  readonly type: 'put'
  readonly key: Key
  readonly expect: Expect
  /** The whole new version. The store never looks inside. */
  readonly value: Uint8Array
  /** Limits that this record provides while it lives. Undefined: as before; empty: none. */
  readonly provides?: readonly Amount[]
  /** What this record takes from limits while it lives. Undefined: as before; empty: nothing. */
  readonly claims?: readonly Amount[]
}

/** A record that is not there cannot be deleted: `expect` is a revision. */
export interface DeleteWrite {
  readonly type: 'delete'
  readonly key: Key
  readonly expect: Expect
}

/** `revision`: the record's last write was this one. `absent`: there is no such record. */
export type Expect = { readonly type: 'absent' } | { readonly type: 'revision'; readonly revision: number }

/**
 * An integer amount of something countable, e.g. `node/n1/cpu` 2000, `quota/default/pods` 10. Records that provide the
 * same limit add up. A limit may be lowered below its use; then nothing more is granted until the use has sunk.
 */
export interface Amount {
  readonly limit: string
  readonly amount: number
}

/** `revisions[i]` is that of `writes[i]`. A refused transaction changed nothing. */
export type Outcome =
  | { readonly type: 'done'; readonly revisions: readonly number[] }
  | { readonly type: 'refused'; readonly refusals: readonly Refusal[] }

/** `asked`: what the transaction would add to the use of the limit on balance; `used`: before it; `capacity`: after it, 0 where none provides the limit. `key`: the first write that asks. */
export type Refusal =
  | {
      readonly type: 'conflict'
      readonly key: Key
      readonly expected: Expect /** 0: absent. */
      readonly actual: number
    }
  | {
      readonly type: 'claim'
      readonly key: Key
      readonly limit: string
      readonly asked: number
      readonly used: number
      readonly capacity: number
    }

/** One record as it stands. `value` is shared: never write into it. */
export interface Version {
  readonly key: Key
  readonly value: Uint8Array
  /** The store revision of its last write: its resourceVersion. */
  readonly revision: number
  /** The store revision of its creation. */
  readonly createRevision: number
}

/** What a watch delivers. `previous` is null on creation, `version` null on deletion. */
export interface Change {
  readonly key: Key
  readonly revision: number
  readonly version: Version | null
  readonly previous: Version | null
}

/** The replicated view: what every room may read, from local memory, at once. */
export interface StoreView {
  /** The revision of the last write applied here. */
  readonly revision: number
  get(key: Key): Version | undefined
  /** Records whose key starts with `prefix`, in key order. */
  list(prefix: string): readonly Version[]
  /** As `list`, but from `after` (exclusive) and at most `limit`: for paging. */
  page(prefix: string, after: Key | null, limit: number): readonly Version[]
  /**
   * Changes with `prefix` after `revision`, in order, at most `limit`. `'compacted'` when they are no longer all kept.
   * `through` is the revision up to which the answer is complete, and where the next call goes on; never below
   * `revision`, even where this store lags behind the one that told it.
   */
  changes(
    prefix: string,
    revision: number,
    limit: number,
  ): { readonly changes: readonly Change[]; readonly through: number } | 'compacted'
  /** Calls back after each batch applied, with its changes (empty after an installed image: look at everything anew); the returned function ends it. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void
  /** Used and capacity of a limit; undefined where no record provides it. */
  limit(name: string): { readonly used: number; readonly capacity: number } | undefined
  /** Hash over everything applied so far: equal on every node at equal index. */
  readonly hash: string
}

/** How rooms write. Implemented by the store's driver. */
export interface StoreWriter {
  /**
   * Replicates the transaction; resolves when it has been applied *here*, so that the writer reads its own write.
   * Rejects with `UnknownOutcomeError` when that could not be learnt in time: it may or may not happen; with
   * `NoQuorumError` when it was surely not offered; with `InvalidTxnError` when no store would take it; with
   * `signal.reason` on abort, and then too it may yet happen.
   */
  commit(txn: Txn, signal: AbortSignal): Promise<Outcome>
  /** Resolves once the view holds everything that was acknowledged anywhere before the call. Rejects with `NoQuorumError`. */
  barrier(signal: AbortSignal): Promise<void>
}

/** A transaction that no store would take as it stands: too large, one key twice, a malformed key or amount. Nothing was written. */
export class InvalidTxnError extends Error {
  override readonly name = 'InvalidTxnError'
}

/** The cluster did not confirm in time; the transaction may yet be applied. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError'
}

/** No leader with a majority could be reached: nothing was read, nothing was written. */
export class NoQuorumError extends Error {
  override readonly name = 'NoQuorumError'
}
