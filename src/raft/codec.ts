import { Packr } from 'msgpackr'
import { crc32 } from '../lib/hash.ts'
import { configurationOf, sameConfiguration } from './configuration.ts'
import { type Entry, type EntryType, type HardState, type LogMark, sealEntry } from './entry.ts'
import type { AppendRequest, Message } from './message.ts'
import type { Configuration, PeerId } from './types.ts'

/**
 * Bytes on the wire and on disk: MessagePack arrays, the version first. Everything that comes in is checked here, field
 * by field, entries against their hash and the chain; what does not fit throws `MalformedError` and changes nothing.
 */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

const version = 1
/** Plain values only: bytes must not depend on a table that was agreed on before. */
const packr = new Packr({ useRecords: false, int64AsType: 'number' })
const entryTypes: readonly EntryType[] = ['data', 'configuration', 'empty']
const peersMax = 10_000
const textMax = 256

// ---- Messages ------------------------------------------------------------------------------------------------------

const messageTypes: readonly Message['type'][] = [
  'vote',
  'voteReply',
  'append',
  'appendReply',
  'heartbeat',
  'heartbeatReply',
  'snapshot',
  'snapshotReply',
  'timeoutNow',
  'propose',
  'read',
  'readReply',
]

export function encodeMessage(message: Message): Uint8Array {
  return packr.pack([version, messageTypes.indexOf(message.type), message.term, ...fieldsOf(message)])
}

function fieldsOf(message: Message): unknown[] {
  switch (message.type) {
    case 'vote':
      return [message.pre, message.transfer, message.lastIndex, message.lastTerm]
    case 'voteReply':
      return [message.pre, message.granted]
    case 'append': {
      const { prevIndex, prevTerm, prevHash, commit, entries } = message
      return [prevIndex, prevTerm, prevHash, commit, ...entries.map(wireEntry)]
    }
    case 'appendReply':
      return [message.index, message.refused?.hintIndex ?? null, message.refused?.hintTerm ?? null]
    case 'heartbeat':
      return [message.commit, message.round]
    case 'heartbeatReply':
      return [message.round]
    case 'snapshot':
      return [message.transfer, markFields(message.mark), message.offset, message.data, message.checksum]
    case 'snapshotReply':
      return [message.transfer, message.offset, message.wanted]
    case 'timeoutNow':
      return []
    case 'propose':
      return [...message.data]
    case 'read':
      return [message.token]
    case 'readReply':
      return [message.token, message.index]
  }
}

/** Throws `MalformedError`. */
export function decodeMessage(packet: Uint8Array): Message {
  const [v, code, termField, ...fields] = unpackList(packet)
  if (v !== version) throw new MalformedError('a message of another version')
  const type = messageTypes[whole(code)]
  const term = whole(termField)
  switch (type) {
    case 'vote':
      return {
        type,
        term,
        pre: flag(fields[0]),
        transfer: flag(fields[1]),
        lastIndex: whole(fields[2]),
        lastTerm: whole(fields[3]),
      }
    case 'voteReply':
      return { type, term, pre: flag(fields[0]), granted: flag(fields[1]) }
    case 'append':
      return appendFrom(term, fields)
    case 'appendReply': {
      const refused = fields[1] === null ? null : { hintIndex: whole(fields[1]), hintTerm: whole(fields[2]) }
      return { type, term, index: whole(fields[0]), refused }
    }
    case 'heartbeat':
      return { type, term, commit: whole(fields[0]), round: whole(fields[1]) }
    case 'heartbeatReply':
      return { type, term, round: whole(fields[0]) }
    case 'snapshot': {
      const [transfer, mark, offset, data, checksum] = fields
      const sum = checksum === null ? null : text(checksum)
      return {
        type,
        term,
        transfer: whole(transfer),
        mark: markFrom(mark),
        offset: whole(offset),
        data: bytes(data),
        checksum: sum,
      }
    }
    case 'snapshotReply':
      return { type, term, transfer: whole(fields[0]), offset: whole(fields[1]), wanted: whole(fields[2]) }
    case 'timeoutNow':
      return { type, term }
    case 'propose':
      return { type, term, data: fields.map(bytes) }
    case 'read':
      return { type, term, token: text(fields[0]) }
    case 'readReply':
      return { type, term, token: text(fields[0]), index: whole(fields[1]) }
    default:
      throw new MalformedError('a message of unknown type')
  }
}

/** The index and the hash before follow from the entry's place in the message. */
function wireEntry(entry: Entry): unknown[] {
  return [entry.term, entry.timeMs, entryTypes.indexOf(entry.type), entry.data, entry.hash]
}

function appendFrom(term: number, fields: readonly unknown[]): AppendRequest {
  const [prevIndex, prevTerm, prevHash, commit, ...rest] = fields
  const entries: Entry[] = []
  let previous = { index: whole(prevIndex), term: whole(prevTerm), timeMs: 0, hash: text(prevHash) }
  for (const item of rest) {
    const [entryTerm, timeMs, type, data, hash] = list(item)
    const entry = sealEntry({
      index: previous.index + 1,
      term: whole(entryTerm),
      timeMs: whole(timeMs),
      type: entryType(type),
      data: bytes(data),
      previous: previous.hash,
    })
    if (entry.hash !== hash) throw new MalformedError(`entry ${entry.index} does not match its hash`)
    if (entry.term < previous.term || entry.term > term)
      throw new MalformedError(`entry ${entry.index} has an impossible term`)
    if (entry.timeMs < previous.timeMs) throw new MalformedError(`entry ${entry.index} goes back in time`)
    checkData(entry)
    entries.push(entry)
    previous = entry
  }
  return {
    type: 'append',
    term,
    prevIndex: whole(prevIndex),
    prevTerm: whole(prevTerm),
    prevHash: text(prevHash),
    entries,
    commit: whole(commit),
  }
}

// ---- Records on disk -----------------------------------------------------------------------------------------------

/** The checksum covers the key too: a record that lands under another key is damage. */
export function encodeRecord(key: string, value: unknown): Uint8Array {
  const body = packr.pack(value)
  return packr.pack([version, crc32(body, crc32(key)), body])
}

/** Throws `MalformedError`. */
function decodeRecord(key: string, record: Uint8Array): unknown {
  const [v, checksum, body] = unpackList(record)
  if (v !== version) throw new MalformedError(`${key}: a record of another version`)
  const data = bytes(body)
  if (crc32(data, crc32(key)) !== checksum) throw new MalformedError(`${key}: the checksum is wrong`)
  return unpack(data)
}

export function encodeEntry(key: string, entry: Entry): Uint8Array {
  const { index, term, timeMs, type, data, previous, hash } = entry
  return encodeRecord(key, [index, term, timeMs, entryTypes.indexOf(type), data, previous, hash])
}

/** Throws `MalformedError`, also when the entry's hash is wrong. */
export function decodeEntry(key: string, record: Uint8Array): Entry {
  const [index, term, timeMs, type, data, previous, hash] = list(decodeRecord(key, record))
  const entry = sealEntry({
    index: whole(index),
    term: whole(term),
    timeMs: whole(timeMs),
    type: entryType(type),
    data: bytes(data),
    previous: text(previous),
  })
  if (entry.hash !== hash) throw new MalformedError(`${key}: the entry does not match its hash`)
  checkData(entry)
  return entry
}

export function encodeHardState(key: string, state: HardState): Uint8Array {
  return encodeRecord(key, [state.term, state.votedFor, state.commit])
}

export function decodeHardState(key: string, record: Uint8Array): HardState {
  const [term, votedFor, commit] = list(decodeRecord(key, record))
  return { term: whole(term), votedFor: votedFor === null ? null : text(votedFor), commit: whole(commit) }
}

export function encodeMark(key: string, mark: LogMark): Uint8Array {
  return encodeRecord(key, markFields(mark))
}

export function decodeMark(key: string, record: Uint8Array): LogMark {
  return markFrom(decodeRecord(key, record))
}

function markFields(mark: LogMark): unknown[] {
  return [mark.index, mark.term, mark.timeMs, configurationFields(mark.configuration), mark.hash]
}

function markFrom(value: unknown): LogMark {
  const [index, term, timeMs, configuration, hash] = list(value)
  const [at, of] = [whole(index), whole(term)]
  return {
    index: at,
    term: of,
    timeMs: whole(timeMs),
    configuration: configurationFrom(configuration),
    hash: text(hash),
  }
}

// ---- Configurations ------------------------------------------------------------------------------------------------

/** The data of a configuration entry: the same bytes for the same configuration. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  return new Uint8Array(packr.pack([version, ...configurationFields(configuration)]))
}

/** Throws `MalformedError`. */
export function decodeConfiguration(data: Uint8Array): Configuration {
  const [v, ...fields] = unpackList(data)
  if (v !== version) throw new MalformedError('a configuration of another version')
  return configurationFrom(fields)
}

function configurationFields(configuration: Configuration): readonly (readonly PeerId[])[] {
  return [configuration.voters, configuration.votersOutgoing, configuration.learners]
}

function configurationFrom(value: unknown): Configuration {
  const [voters, outgoing, learners] = list(value).map(peers)
  if (voters === undefined || outgoing === undefined || learners === undefined)
    throw new MalformedError('a configuration lacks a part')
  const configuration = { voters, votersOutgoing: outgoing, learners }
  const tidy = { ...configurationOf(voters, learners), votersOutgoing: configurationOf(outgoing, []).voters }
  if (!sameConfiguration(configuration, tidy))
    throw new MalformedError('a configuration is not sorted, or repeats a peer')
  return configuration
}

/** A configuration entry that cannot be read must be stopped at the door, not found when it takes effect. */
function checkData(entry: Entry): void {
  if (entry.type === 'configuration') decodeConfiguration(entry.data)
}

// ---- Fields --------------------------------------------------------------------------------------------------------

function unpackList(packed: Uint8Array): readonly unknown[] {
  let value: unknown
  try {
    value = unpack(packed)
  } catch (cause) {
    throw new MalformedError('not MessagePack', { cause })
  }
  return list(value)
}

/** Of a view of its own: msgpackr leaves a property behind on the array that it reads. */
function unpack(packed: Uint8Array): unknown {
  return packr.unpack(packed.subarray())
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedError('a list is missing')
  return value
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new MalformedError('a number is missing')
  return value
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new MalformedError('a flag is missing')
  return value
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > textMax) throw new MalformedError('a text is missing')
  return value
}

/** A copy, so that what is kept does not pin the packet it came in. */
function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new MalformedError('bytes are missing')
  return new Uint8Array(value)
}

function peers(value: unknown): readonly PeerId[] {
  const found = list(value)
  if (found.length > peersMax) throw new MalformedError('too many peers')
  return found.map(text)
}

function entryType(value: unknown): EntryType {
  const type = entryTypes[whole(value)]
  if (type === undefined) throw new MalformedError('an entry of unknown type')
  return type
}
