import { hex, sha256 } from '../lib/hash.ts'
import type { Configuration, PeerId } from './types.ts'

/** `data`: a command of the state machine. `configuration`: who votes. `empty`: a new leader's first (thesis 3.6.2). */
export type EntryType = 'data' | 'configuration' | 'empty'

/**
 * One entry of the log. Its hash covers everything in it and the hash of the entry before, so that equal hashes at one
 * index mean equal logs up to there, and damage shows wherever an entry is read.
 */
export interface Entry {
  readonly index: number
  readonly term: number
  /** The leader's wall clock when it was proposed, never less than that of the entry before. */
  readonly timeMs: number
  readonly type: EntryType
  readonly data: Uint8Array
  /** The hash of the entry before. */
  readonly previous: string
  readonly hash: string
}

/** Everything up to and including `index` is held by the state, no longer by the log; what must be known of it to go on. */
export interface LogMark {
  readonly index: number
  readonly term: number
  readonly timeMs: number
  /** As of `index`. */
  readonly configuration: Configuration
  /** Of the entry at `index`. */
  readonly hash: string
}

/** What must be on disk before anything that depends on it leaves this peer (thesis 3.8), and the commit index for a quicker start. */
export interface HardState {
  readonly term: number
  readonly votedFor: PeerId | null
  readonly commit: number
}

/** The hash before the first entry. */
export const genesisHash = '0'.repeat(32)

/** An entry with its hash. 128 bits of SHA-256: nobody can make two logs that seem one. */
export function sealEntry(entry: Omit<Entry, 'hash'>): Entry {
  const { index, term, timeMs, type, data, previous } = entry
  const digest = sha256(`${previous} ${index} ${term} ${timeMs} ${type} `, data)
  return { index, term, timeMs, type, data, previous, hash: hex(digest.subarray(0, 16)) }
}

/** What an entry counts for in limits: its data and about what surrounds it. */
export function entryBytes(entry: Entry): number {
  return entry.data.length + 64
}
