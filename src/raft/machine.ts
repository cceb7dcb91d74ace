import type { Configuration } from './types.ts'

/**
 * What the log is for: the store, seen from Raft. Implemented by the store's driver; called only by Raft's.
 */
export interface StateMachine {
  /** What survives on disk: the machine has applied everything up to here, and nothing of what comes after. */
  readonly durable: AppliedMark
  /** Applies committed entries in order, each once, at once. Deterministic: reads the entry and its own state only. */
  apply(entries: readonly MachineEntry[], mark: AppliedMark): void
  /** The whole state as it is now, in slices of at most `sliceBytes`; later applies do not change it. */
  image(sliceBytes: number): StateImage
  /** Replaces the state by an image, through a crash: all or nothing. `slices` is complete and verified. */
  install(mark: AppliedMark, slices: readonly Uint8Array[]): Promise<void>
}

/** One committed entry as the machine sees it. */
export interface MachineEntry {
  readonly index: number
  readonly term: number
  /** Stamped by the leader, never decreasing along the log. */
  readonly timeMs: number
  /** Empty for entries that are Raft's own. */
  readonly data: Uint8Array
}

/** Where in the log a state stands, with what Raft must know to go on from there. */
export interface AppliedMark {
  readonly index: number
  readonly term: number
  readonly configuration: Configuration
}

export interface StateImage {
  readonly mark: AppliedMark
  /** Null after the last. */
  next(): Uint8Array | null
}
