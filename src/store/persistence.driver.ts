import { type Database, DeviceError, type DiskWrite } from '../host/host.ts'
import { newInbox } from '../lib/inbox.ts'
import type { After } from '../lib/wait.ts'
import type { AppliedMark } from '../raft/machine.ts'
import { newImageReader } from './image.ts'
import type { Session } from './sessions.ts'
import { type Applied, type Content, emptyContent, type StoreCore, type StoredRecord } from './store.ts'
import {
  decodeMark,
  decodeRecord,
  decodeSession,
  encodeMark,
  encodeRecord,
  encodeSession,
  type Generation,
  generationRange,
  type Ledger,
  markKey,
  newLedger,
  otherGeneration,
  recordKey,
  type StoredMark,
  seal,
  sessionKey,
  unseal,
} from './stored.ts'

/**
 * Keeps the state on the disk, behind the apply: what has changed is gathered, and goes with the mark in one synced
 * batch, so that the disk always holds the state at exactly one index. What is lost in a crash is in the log, which
 * keeps everything after `durable`. Nothing applied: nothing written.
 */
export interface Persistence {
  /** What has reached the medium. */
  readonly durable: AppliedMark
  /** To be called after each entry that the store applied. */
  touch(applied: Applied): void
  /** To be called after each batch: where the store stands now. */
  reached(mark: AppliedMark): void
  /** Writes what has changed: some time after the change, or at once when much has. Rejects when a write failed. */
  run(after: After, signal: AbortSignal): Promise<void>
  /** Writes what has changed, now. */
  flush(): Promise<void>
  /**
   * Puts an image in place of the state, all or nothing. `swap` is called at the moment when the disk has turned.
   * Rejects `corrupt`, with everything as before, when the image is damaged.
   */
  install(mark: AppliedMark, slices: readonly Uint8Array[], swap: (content: Content) => void): Promise<void>
}

/** How long changes gather. After a crash as much is applied again from the log. */
export const flushAfterMs = 1000
/** So many changed bytes do not wait. */
export const flushBytesMax = 1024 * 1024
/** What a change costs besides its value: key, amounts, frame. */
const changeBytes = 200
const scanMax = 500
const clearBatchMax = 1000

/** Finds the state of this database, or founds it. Rejects `corrupt` where anything is damaged or missing. */
export async function openState(database: Database): Promise<StoredMark & { content: Content; ledger: Ledger }> {
  const ledger = newLedger()
  const sealed = await database.get(markKey)
  if (sealed === undefined) {
    const left = await database.scan({ gte: '!', lt: '~', limit: 1 })
    if (left.length > 0) throw new DeviceError('corrupt', 'the state database holds data but does not say of when')
    const configuration = { voters: [], votersOutgoing: [], learners: [] }
    const mark = { index: 0, term: 0, configuration }
    const founded: StoredMark = { mark, head: emptyContent.head, generation: 'a', tally: ledger.tally }
    await database.write([markWrite(founded)], { sync: true })
    return { ...founded, content: emptyContent, ledger }
  }
  const stored = decodeMark(unseal(markKey, sealed).payload)
  const content = { head: stored.head, ...(await load(database, stored.generation, ledger)) }
  const { count, sum } = ledger.tally
  if (count !== stored.tally.count || sum !== stored.tally.sum) {
    const found = `${count} values with sum ${sum}`
    const said = `${stored.tally.count} with sum ${stored.tally.sum}`
    throw new DeviceError('corrupt', `the state database lost writes: it holds ${found}, its mark says ${said}`)
  }
  // What a crash in the middle of an installation left.
  await clear(database, otherGeneration(stored.generation))
  return { ...stored, content, ledger }
}

export function newPersistence(
  database: Database,
  opened: StoredMark & { ledger: Ledger },
  store: StoreCore,
): Persistence {
  let { mark: durable, generation, ledger } = opened
  let mark = durable
  let records = new Set<string>()
  let origins = new Set<string>()
  let waitingBytes = 0
  const wake = newInbox<'look'>(1)
  // One at a time; after a failed write, none: every later one fails the same way.
  let tail: Promise<unknown> = Promise.resolve()

  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work)
    tail = turn
    return turn
  }

  function forgetChanges(): void {
    records = new Set()
    origins = new Set()
    waitingBytes = 0
  }

  async function writeChanges(): Promise<void> {
    if (mark.index === durable.index) return
    const reached = mark
    const batch: DiskWrite[] = []
    for (const key of records) {
      const record = store.record(key)
      push(batch, ledger, recordKey(generation, key), record === undefined ? null : encodeRecord(record))
    }
    for (const origin of origins) {
      const session = store.session(origin)
      push(batch, ledger, sessionKey(generation, origin), session === undefined ? null : encodeSession(session))
    }
    batch.push(markWrite({ mark: reached, head: store.head, generation, tally: ledger.tally }))
    forgetChanges()
    await database.write(batch, { sync: true })
    durable = reached
  }

  return {
    get durable() {
      return durable
    },

    touch({ changes, touched, forgotten }) {
      for (const { key, version } of changes) {
        records.add(key)
        waitingBytes += changeBytes + (version?.value.length ?? 0)
      }
      if (touched !== null) origins.add(touched)
      if (forgotten !== null) origins.add(forgotten)
    },

    reached(next) {
      mark = next
      wake.offer('look')
    },

    flush: () => exclusive(writeChanges),

    async run(after, signal) {
      for (;;) {
        await wake.takeAll(signal)
        await untilDue(after, signal)
        await exclusive(writeChanges)
      }
    },

    async install(next, slices, swap) {
      const damage = await exclusive(async () => {
        const target = otherGeneration(generation)
        await clear(database, target)
        const copied = await copyImage(database, target, next, slices)
        if (copied instanceof DeviceError) return copied
        const turned = { mark: next, head: copied.content.head, generation: target, tally: copied.ledger.tally }
        await database.write([markWrite(turned)], { sync: true })
        generation = target
        ledger = copied.ledger
        durable = next
        mark = next
        forgetChanges()
        swap(copied.content)
        await clear(database, otherGeneration(target))
        return null
      })
      if (damage !== null) throw damage
    },
  }

  async function untilDue(after: After, signal: AbortSignal): Promise<void> {
    let due = false
    const cancel = after(flushAfterMs, () => {
      due = true
      wake.offer('look')
    })
    try {
      while (!due && waitingBytes < flushBytesMax) await wake.takeAll(signal)
    } finally {
      cancel()
    }
  }
}

/** Adds one value, or its removal where `payload` is null, to the batch and to the books. */
function push(batch: DiskWrite[], ledger: Ledger, key: string, payload: Uint8Array | null): void {
  if (payload === null) {
    // Came and went between two batches: the disk never knew it.
    if (ledger.delete(key)) batch.push({ type: 'delete', key })
    return
  }
  const { value, checksum } = seal(key, payload)
  ledger.put(key, checksum)
  batch.push({ type: 'put', key, value })
}

function markWrite(stored: StoredMark): DiskWrite {
  return { type: 'put', key: markKey, value: seal(markKey, encodeMark(stored)).value }
}

async function load(
  database: Database,
  generation: Generation,
  ledger: Ledger,
): Promise<{ records: StoredRecord[]; sessions: Session[] }> {
  const records: StoredRecord[] = []
  const sessions: Session[] = []
  const range = generationRange(generation)
  const sessionsFrom = sessionKey(generation, '')
  for (let gte = range.gte; ; ) {
    const found = await database.scan({ gte, lt: range.lt, limit: scanMax })
    for (const [key, value] of found) {
      const { payload, checksum } = unseal(key, value)
      ledger.put(key, checksum)
      if (key.startsWith(sessionsFrom)) sessions.push(decodeSession(payload))
      else records.push(decodeRecord(payload))
    }
    const last = found.at(-1)
    if (last === undefined || found.length < scanMax) break
    gte = `${last[0]} `
  }
  sessions.sort((a, b) => a.lastIndex - b.lastIndex)
  return { records, sessions }
}

/** Writes an image into a generation that is not in use, each slice before the next is read. Resolves to the damage, if there is any. */
async function copyImage(
  database: Database,
  generation: Generation,
  mark: AppliedMark,
  slices: readonly Uint8Array[],
): Promise<{ content: Content; ledger: Ledger } | DeviceError> {
  const reader = newImageReader(mark)
  const ledger = newLedger()
  const sessions: Session[] = []
  const records: StoredRecord[] = []
  for (const slice of slices) {
    const read = reader.push(slice)
    if (read instanceof DeviceError) return read
    const batch: DiskWrite[] = []
    for (const session of read.sessions) {
      sessions.push(session)
      push(batch, ledger, sessionKey(generation, session.origin), encodeSession(session))
    }
    for (const record of read.records) {
      records.push(record)
      push(batch, ledger, recordKey(generation, record.version.key), encodeRecord(record))
    }
    if (batch.length > 0) await database.write(batch, { sync: true })
  }
  const head = reader.finish()
  return head instanceof DeviceError ? head : { content: { head, records, sessions }, ledger }
}

async function clear(database: Database, generation: Generation): Promise<void> {
  for (;;) {
    const found = await database.scan({ ...generationRange(generation), limit: clearBatchMax })
    if (found.length === 0) return
    await database.write(
      found.map(([key]) => ({ type: 'delete', key })),
      { sync: false },
    )
  }
}
