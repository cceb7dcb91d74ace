import type { DiskWrite } from '../host/host.ts'
import { assert } from '../lib/assert.ts'
import { decodeEntry, encodeConfiguration, encodeEntry, encodeHardState, encodeMark, MalformedError } from './codec.ts'
import { type Entry, type HardState, type LogMark, sealEntry } from './entry.ts'
import { emptyMark, RaftLog } from './log.ts'
import type { AppliedMark } from './machine.ts'
import type { Ready } from './raft.ts'
import type { Configuration } from './types.ts'

/**
 * How the log lies in its database:
 *
 *     state        term, vote, commit index
 *     mark         what comes before the first entry
 *     installing   the mark of a snapshot while the state machine takes it over
 *     e/<index>    the entries after the mark, without a gap
 *
 * Each write here is one batch, so the disk goes from one valid log to the next. Every record carries a checksum bound
 * to its key, every entry its hash and that of the one before.
 */
export const keys = { state: 'state', mark: 'mark', installing: 'installing' } as const
export const entryKeys = { first: 'e/', end: 'e0' } as const

export function entryKey(index: number): string {
  return `e/${index.toString(16).padStart(14, '0')}`
}

// ---- A new log -----------------------------------------------------------------------------------------------------

/**
 * What a log begins with. A founder's holds the founding configuration as its first entry, committed: the same on each
 * founder, as if a leader of term 1 had sent it. A joiner's is empty and waits for a leader.
 */
export function newLogBatch(founding: Configuration | null): DiskWrite[] {
  const entries = founding === null ? [] : [foundingEntry(founding)]
  const hardState = { term: entries.length, votedFor: null, commit: entries.length }
  return [put(keys.mark, encodeMark(keys.mark, emptyMark)), putState(hardState), ...entries.map(putEntry)]
}

function foundingEntry(founding: Configuration): Entry {
  const data = encodeConfiguration(founding)
  return sealEntry({ index: 1, term: 1, timeMs: 0, type: 'configuration', data, previous: emptyMark.hash })
}

// ---- Reading it back -----------------------------------------------------------------------------------------------

/** Takes the records in key order, and says what is wrong with them. */
export interface LogReader {
  /** Throws `MalformedError`. */
  take(key: string, record: Uint8Array): void
  /** The log, with what the state machine holds as applied. Throws `MalformedError`. */
  finish(hardState: HardState, durable: AppliedMark): RaftLog
}

export function newLogReader(mark: LogMark): LogReader {
  const entries: Entry[] = []
  let last: Pick<Entry, 'index' | 'term' | 'timeMs' | 'hash'> = mark
  return {
    take(key, record) {
      const entry = decodeEntry(key, record)
      const next = last.index + 1
      if (entry.index !== next || key !== entryKey(next))
        throw new MalformedError(`entry ${next} is missing, ${key} follows`)
      if (entry.previous !== last.hash) throw new MalformedError(`entry ${next} does not follow from the one before`)
      if (entry.term < last.term || entry.timeMs < last.timeMs)
        throw new MalformedError(`entry ${next} goes back in term or time`)
      entries.push(entry)
      last = entry
    },
    finish(hardState, durable) {
      if (hardState.term < last.term) throw new MalformedError('the term is behind the log')
      if (hardState.commit > last.index) throw new MalformedError(`committed entries after ${last.index} are missing`)
      if (durable.index > last.index)
        throw new MalformedError(`the state holds entry ${durable.index}, the log ends at ${last.index}`)
      if (durable.index < mark.index)
        throw new MalformedError(`the state ends at ${durable.index}, the log begins after ${mark.index}`)
      const log = new RaftLog(mark, entries)
      if (log.termAt(durable.index) !== durable.term)
        throw new MalformedError(`state and log disagree at entry ${durable.index}`)
      log.commitTo(Math.max(hardState.commit, durable.index))
      log.appliedTo(durable.index)
      return log
    },
  }
}

// ---- Changes -------------------------------------------------------------------------------------------------------

/** What is on disk, to know what a new batch must delete. */
export interface LogDisk {
  /** What must be written, and synced, before the Ready's late messages leave. Empty: nothing. */
  batchOf(ready: Ready): DiskWrite[]
  /** Moves the mark; at most `entriesMax` entries go. */
  compactBatch(mark: LogMark): DiskWrite[]
}

/** `first` to `last` are the entries on disk. */
export function newLogDisk(first: number, last: number): LogDisk {
  function deleted(from: number, through: number): DiskWrite[] {
    const writes: DiskWrite[] = []
    for (let index = from; index <= through; index++) writes.push({ type: 'delete', key: entryKey(index) })
    return writes
  }

  return {
    batchOf(ready) {
      const { snapshot, entries, hardState, urgent } = ready
      if (snapshot === null && entries.length === 0 && !urgent) return []
      const batch: DiskWrite[] = [putState(hardState)]
      if (snapshot !== null) {
        batch.push(...installedBatch(snapshot.mark), ...deleted(first, last))
        first = snapshot.mark.index + 1
        last = snapshot.mark.index
      }
      const [fresh] = entries
      if (fresh === undefined) return batch
      assert(fresh.index >= first && fresh.index <= last + 1, 'the log on disk has no gaps')
      batch.push(...entries.map(putEntry))
      const end = fresh.index + entries.length - 1
      batch.push(...deleted(end + 1, last))
      last = end
      return batch
    },
    compactBatch(mark) {
      assert(mark.index >= first && mark.index <= last, 'what is compacted is on disk')
      const batch = [put(keys.mark, encodeMark(keys.mark, mark)), ...deleted(first, mark.index)]
      first = mark.index + 1
      return batch
    },
  }
}

/** Written before the state machine takes over a snapshot, so that a crash in between is understood. */
export function installingBatch(mark: LogMark): DiskWrite[] {
  return [put(keys.installing, encodeMark(keys.installing, mark))]
}

/** The state machine has taken over the snapshot: the log begins anew after its mark. */
export function installedBatch(mark: LogMark): DiskWrite[] {
  return [put(keys.mark, encodeMark(keys.mark, mark)), { type: 'delete', key: keys.installing }]
}

export function putState(state: HardState): DiskWrite {
  return put(keys.state, encodeHardState(keys.state, state))
}

function putEntry(entry: Entry): DiskWrite {
  const key = entryKey(entry.index)
  return put(key, encodeEntry(key, entry))
}

function put(key: string, value: Uint8Array): DiskWrite {
  return { type: 'put', key, value }
}
