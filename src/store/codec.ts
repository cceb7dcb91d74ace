import { Packr, Unpackr } from 'msgpackr'
import { type ProposalMark, sequenceWindowMax } from './sessions.ts'
import { type Amount, type Expect, InvalidTxnError, type Key, type Txn, type Write } from './types.ts'

/**
 * The command in the log, as bytes. A proposal is
 * `[level, origin, since, sequence, acked, writes]`, a put `[key, expect, value, provides, claims]`, a deletion
 * `[key, expect]`; `expect` is a revision or 0 for absent; amounts are `[limit, amount, limit, amount …]`, null where
 * they stay as they were. `level` is the feature level that a store must have to apply it.
 */
export interface Proposal extends ProposalMark {
  readonly level: number
  readonly txn: Txn
}

/** The feature level of this daemon: the highest whose proposals and images it understands. */
export const featureLevelMax = 1

export const txnWritesMax = 1000
/** Of an encoded proposal. Holds an API request of 3 MiB, and fits into one packet of 4 MiB with Raft's own fields. */
export const proposalBytesMax = 3_800_000
export const keyBytesMax = 1024
/** Claims, or provided limits, of one record. */
export const amountsMax = 64
/** Sums of up to eight stay exact; a pebibyte in bytes. */
export const amountMax = 2 ** 50

const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true, int64AsType: 'number' })

/** MessagePack with its own memory. */
export function pack(value: unknown): Uint8Array {
  return new Uint8Array(packr.pack(value))
}

/** Null where the bytes are not MessagePack. Binary parts have memory of their own, so that a part does not keep the whole alive. */
export function unpack(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes)
  } catch {
    return null
  }
}

/** Throws `InvalidTxnError` when no store would take it. */
export function encodeProposal(mark: ProposalMark, txn: Txn): Uint8Array {
  const flaw = txnFlaw(txn)
  if (flaw !== null) throw new InvalidTxnError(flaw)
  const { origin, since, sequence, acked } = mark
  const bytes = pack([featureLevelMax, origin, since, sequence, acked, txn.writes.map(writeFields)])
  if (bytes.length > proposalBytesMax) {
    throw new InvalidTxnError(`a transaction of ${bytes.length} bytes is larger than ${proposalBytesMax}`)
  }
  return bytes
}

/**
 * Null for what is not a proposal in every detail; the store then leaves it aside, alike on every node. Only what a
 * fault or a foreign program put into the log is ever so.
 */
export function decodeProposal(bytes: Uint8Array): Proposal | null {
  if (bytes.length > proposalBytesMax) return null
  const fields = unpack(bytes)
  if (!Array.isArray(fields) || fields.length !== 6) return null
  const [level, origin, since, sequence, acked, list] = fields as unknown[]
  if (!isCount(level, 1) || !isName(origin) || !isCount(since, 0)) return null
  if (!isCount(sequence, 1) || !isCount(acked, 1) || acked > sequence) return null
  if (sequence - acked >= sequenceWindowMax || !Array.isArray(list)) return null
  const writes: Write[] = []
  for (const item of list as unknown[]) {
    const write = writeOf(item)
    if (write === null) return null
    writes.push(write)
  }
  const txn = { writes }
  return txnFlaw(txn) === null ? { level, origin, since, sequence, acked, txn } : null
}

/** What makes this transaction unfit for any store; null: nothing. */
function txnFlaw({ writes }: Txn): string | null {
  if (writes.length === 0) return 'a transaction without writes'
  if (writes.length > txnWritesMax) return `a transaction of more than ${txnWritesMax} writes`
  const keys = new Set<Key>()
  for (const write of writes) {
    if (!isName(write.key)) return `malformed key ${JSON.stringify(write.key)}`
    if (keys.has(write.key)) return `${write.key} twice in one transaction`
    keys.add(write.key)
    if (write.expect.type === 'revision' && !isCount(write.expect.revision, 1)) {
      return `${write.key}: malformed revision ${write.expect.revision}`
    }
    if (write.type === 'delete' && write.expect.type === 'absent') return `${write.key}: deleted and expected absent`
    if (write.type !== 'put') continue
    for (const amounts of [write.provides, write.claims]) {
      const flaw = amounts === undefined ? null : amountsFlaw(amounts)
      if (flaw !== null) return `${write.key}: ${flaw}`
    }
  }
  return null
}

function amountsFlaw(amounts: readonly Amount[]): string | null {
  if (amounts.length > amountsMax) return `more than ${amountsMax} limits`
  if (new Set(amounts.map(({ limit }) => limit)).size < amounts.length) return 'one limit twice'
  const bad = amounts.find(({ limit, amount }) => !isName(limit) || !isCount(amount, 0) || amount > amountMax)
  return bad === undefined ? null : `malformed amount ${JSON.stringify(bad)}`
}

function writeFields(write: Write): unknown[] {
  const expect = write.expect.type === 'absent' ? 0 : write.expect.revision
  if (write.type === 'delete') return [write.key, expect]
  return [write.key, expect, write.value, packAmounts(write.provides), packAmounts(write.claims)]
}

function writeOf(item: unknown): Write | null {
  if (!Array.isArray(item)) return null
  const [key, revision, value, provides, claims] = item as unknown[]
  if (typeof key !== 'string' || !isCount(revision, 0)) return null
  const expect: Expect = revision === 0 ? { type: 'absent' } : { type: 'revision', revision }
  if (item.length === 2) return { type: 'delete', key, expect }
  const provided = unpackAmounts(provides)
  const claimed = unpackAmounts(claims)
  if (item.length !== 5 || !(value instanceof Uint8Array) || provided === null || claimed === null) return null
  return { type: 'put', key, expect, value, provides: provided, claims: claimed }
}

export function packAmounts(amounts: readonly Amount[] | undefined): unknown[] | null {
  return amounts === undefined ? null : amounts.flatMap(({ limit, amount }) => [limit, amount])
}

/** Undefined for what was undefined, null for what is malformed. */
export function unpackAmounts(list: unknown): Amount[] | undefined | null {
  if (list === null) return undefined
  if (!Array.isArray(list) || list.length % 2 !== 0) return null
  const amounts: Amount[] = []
  for (let i = 0; i < list.length; i += 2) {
    const [limit, amount] = [list[i] as unknown, list[i + 1] as unknown]
    if (!isName(limit) || !isCount(amount, 0)) return null
    amounts.push({ limit, amount })
  }
  return amounts
}

/** ASCII without spaces and control characters: in such text, order by characters is order by bytes. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= keyBytesMax && /^[\x21-\x7e]+$/.test(value)
}

export function isCount(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least
}
