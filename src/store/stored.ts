import { DeviceError } from '../host/host.ts'
import { crc32 } from '../lib/hash.ts'
import type { AppliedMark } from '../raft/machine.ts'
import { featureLevelMax, isCount, isName, pack, packAmounts, unpack, unpackAmounts } from './codec.ts'
import type { Range, Session } from './sessions.ts'
import type { Head, StoredRecord } from './store.ts'

/**
 * Records, sessions and the mark as bytes: on the disk, and in images. On the disk each value carries a checksum over
 * its key and itself, so that neither a flipped bit nor a value in a wrong place goes unnoticed; and the mark carries
 * the count and the sum of all checksums, so that neither does a value that is missing, or older than the mark
 * (LevelDB drops a damaged batch in the middle of its log without a word).
 */
export interface StoredMark {
  readonly mark: AppliedMark
  readonly head: Head
  readonly generation: Generation
  readonly tally: Tally
}

/** Where the present state lies. An image is written into the other, then the mark is turned round. */
export type Generation = 'a' | 'b'

/** Over all stored records and sessions. */
export interface Tally {
  readonly count: number
  /** Of their checksums, modulo 2^48. */
  readonly sum: number
}

export const markKey = 'mark'
const markFormat = 1
const sumModulus = 2 ** 48

export const recordKey = (generation: Generation, key: string): string => `${generation}/r/${key}`
export const sessionKey = (generation: Generation, origin: string): string => `${generation}/s/${origin}`
export const otherGeneration = (generation: Generation): Generation => (generation === 'a' ? 'b' : 'a')

/** Keys of a generation: `0` follows `/`. */
export function generationRange(generation: Generation): { gte: string; lt: string } {
  return { gte: `${generation}/`, lt: `${generation}0` }
}

/** A value as it lies on the disk, and its checksum. */
export function seal(key: string, payload: Uint8Array): { readonly value: Uint8Array; readonly checksum: number } {
  const checksum = crc32(payload, crc32(key))
  const value = new Uint8Array(4 + payload.length)
  new DataView(value.buffer).setUint32(0, checksum)
  value.set(payload, 4)
  return { value, checksum }
}

/** Throws `DeviceError` corrupt where the checksum does not fit. */
export function unseal(key: string, value: Uint8Array): { readonly payload: Uint8Array; readonly checksum: number } {
  if (value.length < 4) throw damaged(key)
  const payload = value.subarray(4)
  const checksum = new DataView(value.buffer, value.byteOffset).getUint32(0)
  if (crc32(payload, crc32(key)) !== checksum) throw damaged(key)
  return { payload, checksum }
}

/** The checksums of what lies on the disk, by key: what is replaced or deleted leaves the sum. */
export interface Ledger {
  readonly tally: Tally
  put(key: string, checksum: number): void
  /** False when there was no such key: then it need not be deleted either. */
  delete(key: string): boolean
}

export function newLedger(): Ledger {
  const checksums = new Map<string, number>()
  let sum = 0
  const add = (amount: number): void => {
    sum = (sum + sumModulus + amount) % sumModulus
  }
  return {
    get tally() {
      return { count: checksums.size, sum }
    },
    put(key, checksum) {
      add(checksum - (checksums.get(key) ?? 0))
      checksums.set(key, checksum)
    },
    delete(key) {
      add(-(checksums.get(key) ?? 0))
      return checksums.delete(key)
    },
  }
}

export function encodeMark({ mark, head, generation, tally }: StoredMark): Uint8Array {
  const { voters, votersOutgoing, learners } = mark.configuration
  const where = [head.index, head.term, head.revision, head.hash, head.featureLevel, head.forgottenThrough]
  return pack([markFormat, generation, where, [voters, votersOutgoing, learners], tally.count, tally.sum])
}

export function decodeMark(payload: Uint8Array): StoredMark {
  const fields = unpack(payload)
  if (!Array.isArray(fields) || fields[0] !== markFormat || fields.length !== 6) throw damaged(markKey)
  const [, generation, where, lists, count, sum] = fields as unknown[]
  const head = headOf(where)
  if (head === null || !Array.isArray(lists) || lists.length !== 3 || !lists.every(isNames)) throw damaged(markKey)
  if ((generation !== 'a' && generation !== 'b') || !isCount(count, 0) || !isCount(sum, 0)) throw damaged(markKey)
  const [voters, votersOutgoing, learners] = lists as [string[], string[], string[]]
  const mark = { index: head.index, term: head.term, configuration: { voters, votersOutgoing, learners } }
  return { mark, head: understood(head), generation, tally: { count, sum } }
}

/** `[index, term, revision, hash, featureLevel, forgottenThrough]`; null for anything else. */
export function headOf(where: unknown): Head | null {
  if (!Array.isArray(where) || where.length !== 6) return null
  const [index, term, revision, hash, featureLevel, forgottenThrough] = where as unknown[]
  if (!isCount(index, 0) || !isCount(term, 0) || !isCount(revision, 0)) return null
  if (!(hash instanceof Uint8Array) || hash.length !== 32) return null
  if (!isCount(featureLevel, 1) || !isCount(forgottenThrough, 0)) return null
  return { index, term, revision, hash, featureLevel, forgottenThrough }
}

/** The head, or throws `DeviceError` invalid for a state that uses what this daemon does not know. Only for what was verified. */
export function understood(head: Head): Head {
  if (head.featureLevel <= featureLevelMax) return head
  const levels = `the cluster is at feature level ${head.featureLevel}, this daemon knows up to ${featureLevelMax}`
  throw new DeviceError('invalid', `${levels}: upgrade it`)
}

export function encodeRecord({ version, provides, claims }: StoredRecord): Uint8Array {
  const { key, value, revision, createRevision } = version
  return pack([key, revision, createRevision, value, packAmounts(provides), packAmounts(claims)])
}

export function decodeRecord(payload: Uint8Array): StoredRecord {
  const fields = unpack(payload)
  if (!Array.isArray(fields) || fields.length !== 6) throw damaged('record')
  const [key, revision, createRevision, value, provided, claimed] = fields as unknown[]
  const provides = unpackAmounts(provided)
  const claims = unpackAmounts(claimed)
  if (!isName(key) || !isCount(createRevision, 1) || !isCount(revision, createRevision)) throw damaged('record')
  if (!(value instanceof Uint8Array) || !provides || !claims) throw damaged(key)
  return { version: { key, value, revision, createRevision }, provides, claims }
}

export function encodeSession({ origin, lastIndex, applied }: Session): Uint8Array {
  return pack([origin, lastIndex, applied.flat()])
}

export function decodeSession(payload: Uint8Array): Session {
  const fields = unpack(payload)
  if (!Array.isArray(fields) || fields.length !== 3) throw damaged('session')
  const [origin, lastIndex, ends] = fields as unknown[]
  if (!isName(origin) || !isCount(lastIndex, 1) || !Array.isArray(ends)) throw damaged('session')
  if (ends.length % 2 !== 0 || !ends.every((end) => isCount(end, 0))) throw damaged(origin)
  const applied: Range[] = []
  for (let i = 0; i < ends.length; i += 2) applied.push([ends[i] as number, ends[i + 1] as number])
  return { origin, lastIndex, applied }
}

function isNames(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((item) => typeof item === 'string')
}

function damaged(what: string): DeviceError {
  return new DeviceError('corrupt', `the state database is damaged at ${what}`)
}
