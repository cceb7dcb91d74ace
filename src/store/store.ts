import { assert } from '../lib/assert.ts'
import { hex, newSha256 } from '../lib/hash.ts'
import { newSortedMap, type SortedMap } from '../lib/sorted.ts'
import { decodeProposal, featureLevelMax, type Proposal } from './codec.ts'
import { type Exchange, emptyHolding, type Holding, type Limits, newLimits } from './limits.ts'
import { newSessions, type ProposalMark, type Session, type Sessions, sessionsMax } from './sessions.ts'
import type { Change, Key, Outcome, Refusal, StoreView, Version, Write } from './types.ts'
import { type ChangeRing, newChangeRing, type RingLimits, ringLimits } from './watch.ts'

/**
 * The replicated store: a deterministic function of the log. It decides what a transaction does: whether its
 * expectations hold, whether its claims fit, which revisions it gets; and whether it was applied before.
 *
 * Invariants: every node that applied the same entries holds the same bytes, proved by a running hash; a transaction
 * happens whole or not at all; the first application of a proposal decides (thesis 6.3); use of a limit never grows
 * above its capacity. Reads nothing but the entry and itself.
 */
export interface StoreCore {
  readonly view: StoreView
  /** Where this state stands. */
  readonly head: Head
  /** Applies the next entry. The caller tells the subscribers with `publish`, after a batch. */
  apply(entry: LogEntry): Applied
  publish(changes: readonly Change[]): void
  record(key: Key): StoredRecord | undefined
  session(origin: string): Session | undefined
  /** Everything, as it is now: values never change, so later entries do not touch it. */
  content(): Content
  /** Takes other content in place of this; watchers are told to look anew. */
  replace(content: Content): void
}

/** What the store reads of a log entry. */
export interface LogEntry {
  readonly index: number
  readonly term: number
  readonly data: Uint8Array
}

/** A state but for its records and sessions. */
export interface Head {
  /** Of the last entry applied. */
  readonly index: number
  readonly term: number
  readonly revision: number
  /** 32 bytes over everything applied so far. */
  readonly hash: Uint8Array
  /** Raised, some day, by a transaction, once all members support it. Proposals above it are left aside by all alike. */
  readonly featureLevel: number
  readonly forgottenThrough: number
}

export interface StoredRecord extends Holding {
  readonly version: Version
}

export interface Content {
  readonly head: Head
  /** In the order of their keys. */
  readonly records: readonly StoredRecord[]
  /** The least recently used first. */
  readonly sessions: readonly Session[]
}

/** What one entry did. `touched` and `forgotten`: origins whose session changed or went. */
export interface Applied {
  readonly changes: readonly Change[]
  readonly verdict: Verdict
  readonly touched: string | null
  readonly forgotten: string | null
}

export type Verdict =
  | { readonly type: 'decided'; readonly mark: ProposalMark; readonly outcome: Outcome }
  /** Applied before; nothing happened now. */
  | { readonly type: 'repeat'; readonly mark: ProposalMark }
  /** Its session may have been forgotten; nothing happened, and never will in this session. */
  | { readonly type: 'expired'; readonly mark: ProposalMark }
  /** Raft's own entry. */
  | { readonly type: 'empty' }
  /** No proposal that this feature level knows; left aside. */
  | { readonly type: 'foreign' }

/** The same on every node of a cluster, but for the ring's. */
export interface StoreLimits {
  readonly sessionsMax: number
  readonly ring: RingLimits
}

export const storeLimits: StoreLimits = { sessionsMax, ring: ringLimits }

export const emptyContent: Content = {
  head: { index: 0, term: 0, revision: 0, hash: new Uint8Array(32), featureLevel: 1, forgottenThrough: 0 },
  records: [],
  sessions: [],
}

/** All that changes; replaced as a whole by an image. */
interface State {
  head: Head
  readonly records: SortedMap<StoredRecord>
  readonly limits: Limits
  readonly sessions: Sessions
}

/** A write that was judged: what stands there now, and what it would make of it. */
interface Step {
  readonly write: Write
  readonly before: StoredRecord | undefined
  readonly exchange: Exchange
}

export function newStoreCore(content: Content = emptyContent, limits: StoreLimits = storeLimits): StoreCore {
  let state = stateOf(content, limits)
  const ring = newChangeRing(content.head.revision, limits.ring)
  const listeners = new Set<(changes: readonly Change[]) => void>()

  function publish(changes: readonly Change[]): void {
    // A copy: a listener may end its own subscription, or begin another.
    for (const listener of [...listeners]) if (listeners.has(listener)) listener(changes)
  }

  return {
    view: viewOf(() => state, ring, listeners),
    get head() {
      return state.head
    },
    apply(entry) {
      const applied = applyEntry(state, entry)
      for (const change of applied.changes) ring.add(change)
      return applied
    },
    publish,
    record: (key) => state.records.get(key),
    session: (origin) => state.sessions.get(origin),
    content: () => ({ head: state.head, records: state.records.values(), sessions: state.sessions.all() }),
    replace(next) {
      state = stateOf(next, limits)
      ring.reset(next.head.revision)
      publish([])
    },
  }
}

function stateOf({ head, records, sessions }: Content, limits: StoreLimits): State {
  assert(head.featureLevel <= featureLevelMax, 'the cluster uses no feature that this daemon does not know')
  const sorted = newSortedMap<StoredRecord>()
  const books = newLimits()
  for (const record of records) {
    sorted.set(record.version.key, record)
    books.book([{ key: record.version.key, before: emptyHolding, after: record }])
  }
  return {
    head,
    records: sorted,
    limits: books,
    sessions: newSessions(sessions, head.forgottenThrough, limits.sessionsMax),
  }
}

function viewOf(state: () => State, ring: ChangeRing, listeners: Set<(changes: readonly Change[]) => void>): StoreView {
  const page: StoreView['page'] = (prefix, after, limit) =>
    state()
      .records.range(prefix, after, limit)
      .map((record) => record.version)
  return {
    get revision() {
      return state().head.revision
    },
    get hash() {
      return hex(state().head.hash)
    },
    get: (key) => state().records.get(key)?.version,
    list: (prefix) => page(prefix, null, Number.POSITIVE_INFINITY),
    page,
    changes: (prefix, revision, limit) => ring.since(prefix, revision, limit),
    subscribe(listener) {
      // Wrapped, so that one function may listen twice.
      const own = (changes: readonly Change[]): void => listener(changes)
      listeners.add(own)
      return () => {
        listeners.delete(own)
      }
    },
    limit: (name) => state().limits.get(name),
  }
}

function applyEntry(state: State, entry: LogEntry): Applied {
  assert(entry.index === state.head.index + 1, 'entries are applied in order, each once')
  const before = state.head.revision
  const { changes, ...applied } = judge(state, entry)
  state.head = {
    ...state.head,
    index: entry.index,
    term: entry.term,
    revision: before + changes.length,
    forgottenThrough: state.sessions.forgottenThrough,
    hash: nextHash(state, entry, applied.verdict, changes),
  }
  return { changes, ...applied }
}

function judge(state: State, { data, index }: LogEntry): Applied {
  const nothing = { changes: [], touched: null, forgotten: null }
  if (data.length === 0) return { ...nothing, verdict: { type: 'empty' } }
  const mark = decodeProposal(data)
  // What a later level means cannot be known here, but every node of this level leaves it aside alike.
  if (mark === null || mark.level > state.head.featureLevel) return { ...nothing, verdict: { type: 'foreign' } }
  const { type, touched, forgotten } = state.sessions.admit(mark, index)
  if (type !== 'new') return { changes: [], touched, forgotten, verdict: { type, mark } }
  const { outcome, changes } = transact(state, mark)
  return { changes, touched, forgotten, verdict: { type: 'decided', mark, outcome } }
}

function transact(state: State, { txn }: Proposal): { outcome: Outcome; changes: readonly Change[] } {
  const steps = txn.writes.map((write) => stepOf(write, state.records.get(write.key)))
  const conflicts = steps.flatMap(conflictOf)
  // Figures of claims mean nothing to a writer that saw another record.
  const exchanges = steps.map((step) => step.exchange)
  const refusals = conflicts.length > 0 ? conflicts : state.limits.refusals(exchanges)
  if (refusals.length > 0) return { outcome: { type: 'refused', refusals }, changes: [] }
  state.limits.book(exchanges)
  const changes = steps.map((step, i) => carryOut(state.records, step, state.head.revision + 1 + i))
  return { outcome: { type: 'done', revisions: changes.map((change) => change.revision) }, changes }
}

function stepOf(write: Write, before: StoredRecord | undefined): Step {
  const held: Holding = before ?? emptyHolding
  const after =
    write.type === 'delete'
      ? emptyHolding
      : { provides: write.provides ?? held.provides, claims: write.claims ?? held.claims }
  return { write, before, exchange: { key: write.key, before: held, after } }
}

function conflictOf({ write: { key, expect }, before }: Step): Refusal[] {
  const actual = before?.version.revision ?? 0
  const expected = expect.type === 'absent' ? 0 : expect.revision
  return actual === expected ? [] : [{ type: 'conflict', key, expected: expect, actual }]
}

function carryOut(records: SortedMap<StoredRecord>, { write, before, exchange }: Step, revision: number): Change {
  const { key } = write
  const previous = before?.version ?? null
  if (write.type === 'delete') {
    records.delete(key)
    return { key, revision, version: null, previous }
  }
  const version: Version = { key, value: write.value, revision, createRevision: previous?.createRevision ?? revision }
  const { provides, claims } = exchange.after
  records.set(key, { version, provides, claims })
  return { key, revision, version, previous }
}

/**
 * The hash after an entry, from that before it and from what the entry did here: read back from the records, not from
 * the entry, so that a store that did something else has another hash. Entry by entry, so that batches do not matter.
 */
function nextHash(state: State, { index, term }: LogEntry, verdict: Verdict, changes: readonly Change[]): Uint8Array {
  const hash = newSha256()
  hash.update(state.head.hash)
  hash.update(`${index} ${term} ${verdict.type}`)
  if (verdict.type !== 'empty' && verdict.type !== 'foreign') {
    const { origin, sequence } = verdict.mark
    const refusals = verdict.type === 'decided' && verdict.outcome.type === 'refused' ? verdict.outcome.refusals : []
    hash.update(` ${origin} ${sequence} ${state.sessions.forgottenThrough} ${JSON.stringify(refusals)}`)
  }
  for (const { key, revision } of changes) {
    const record = state.records.get(key)
    if (record === undefined) {
      hash.update(`\ndelete ${key} ${revision}`)
      continue
    }
    const { version, provides, claims } = record
    const amounts = JSON.stringify([provides, claims])
    hash.update(`\nput ${key} ${version.revision} ${version.createRevision} ${amounts} ${version.value.length} `)
    hash.update(version.value)
  }
  return hash.digest()
}
