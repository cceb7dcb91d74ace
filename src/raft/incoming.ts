import { assert } from '../lib/assert.ts'
import type { LogMark } from './entry.ts'
import type { SnapshotSlice } from './message.ts'
import { sliceHash } from './outgoing.ts'

/** A snapshot that comes in, slice after slice, from one leader's one attempt. Nothing of it counts until it is whole. */
export interface IncomingSnapshot {
  readonly term: number
  readonly transfer: number
  readonly mark: LogMark
  readonly slices: Uint8Array[]
  bytes: number
  running: string
}

export type Received =
  /** Kept, repeated or out of place: the offset wanted next. */
  | { readonly type: 'partial'; readonly incoming: IncomingSnapshot; readonly wanted: number }
  | { readonly type: 'whole'; readonly incoming: IncomingSnapshot }
  /** The whole does not give its checksum: begin anew. */
  | { readonly type: 'damaged' }
  /** Of an older attempt: no answer. */
  | { readonly type: 'stale' }

/** Takes one slice. `incoming` is what came before; a slice of a newer attempt replaces it. */
export function receiveSlice(before: IncomingSnapshot | null, slice: SnapshotSlice, bytesMax: number): Received {
  const incoming = before !== null && isNewer(slice, before) ? null : before
  if (incoming !== null && !isSame(slice, incoming)) return { type: 'stale' }
  const into = incoming ?? begin(slice)
  if (slice.offset !== into.bytes) return { type: 'partial', incoming: into, wanted: into.bytes }
  if (slice.checksum !== null)
    return slice.checksum === into.running ? { type: 'whole', incoming: into } : { type: 'damaged' }
  assert(into.bytes + slice.data.length <= bytesMax, 'a snapshot is not larger than snapshotBytesMax')
  into.slices.push(slice.data)
  into.bytes += slice.data.length
  into.running = sliceHash(into.running, slice.data)
  return { type: 'partial', incoming: into, wanted: into.bytes }
}

function begin(slice: SnapshotSlice): IncomingSnapshot {
  return { term: slice.term, transfer: slice.transfer, mark: slice.mark, slices: [], bytes: 0, running: '' }
}

function isNewer(slice: SnapshotSlice, than: IncomingSnapshot): boolean {
  return slice.term > than.term || (slice.term === than.term && slice.transfer > than.transfer)
}

function isSame(slice: SnapshotSlice, as: IncomingSnapshot): boolean {
  return slice.term === as.term && slice.transfer === as.transfer
}
