import { DeviceError } from '../host/host.ts'
import { newSha256 } from '../lib/hash.ts'
import type { AppliedMark, StateImage } from '../raft/machine.ts'
import { isCount, pack, unpack } from './codec.ts'
import type { Session } from './sessions.ts'
import type { Content, Head, StoredRecord } from './store.ts'
import { decodeRecord, decodeSession, encodeRecord, encodeSession, headOf, understood } from './stored.ts'

/**
 * The whole state as a stream of frames, each a length of four bytes and MessagePack: the head, the sessions, the
 * records, and at the end a SHA-256 over all frames before. The stream is cut into slices anywhere.
 *
 * Taking an image costs one copy of a list of references: values never change, so the state may go on.
 */
export function newImage(mark: AppliedMark, content: Content, sliceBytes: number): StateImage {
  const frames = imageFrames(content)
  let rest: Uint8Array[] = []
  let restBytes = 0
  return {
    mark,
    next() {
      while (restBytes < sliceBytes) {
        const frame = frames.next()
        if (frame.done === true) break
        rest.push(frame.value)
        restBytes += frame.value.length
      }
      if (restBytes === 0) return null
      const joined = rest.length === 1 && rest[0] !== undefined ? rest[0] : Buffer.concat(rest)
      const slice = new Uint8Array(joined.subarray(0, sliceBytes))
      rest = joined.length > sliceBytes ? [joined.subarray(sliceBytes)] : []
      restBytes = joined.length - slice.length
      return slice
    },
  }
}

function* imageFrames({ head, sessions, records }: Content): Generator<Uint8Array, void> {
  const hash = newSha256()
  const hashed = (payload: Uint8Array): Uint8Array => {
    const bytes = frame(payload)
    hash.update(bytes)
    return bytes
  }
  const where = [head.index, head.term, head.revision, head.hash, head.featureLevel, head.forgottenThrough]
  yield hashed(pack([imageFormat, where, sessions.length, records.length]))
  for (const session of sessions) yield hashed(encodeSession(session))
  for (const record of records) yield hashed(encodeRecord(record))
  yield frame(pack(hash.digest()))
}

function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + payload.length)
  new DataView(bytes.buffer).setUint32(0, payload.length)
  bytes.set(payload, 4)
  return bytes
}

const imageFormat = 1
/** A record of the largest proposal, with room for its amounts. */
const frameBytesMax = 8 * 1024 * 1024

/** Reads an image slice by slice, so that each can be stored before the next; to be believed only after `finish`. */
export interface ImageReader {
  /** What was completed by this slice, or the damage (`corrupt`): then the image is of no use. */
  push(slice: Uint8Array): ImagePart | DeviceError
  /** After the last slice: the head, when all is there and as it was sent. Throws `DeviceError` invalid when this daemon is too old for it. */
  finish(): Head | DeviceError
}

export interface ImagePart {
  readonly sessions: readonly Session[]
  readonly records: readonly StoredRecord[]
}

export function newImageReader(mark: Pick<AppliedMark, 'index' | 'term'>): ImageReader {
  const hash = newSha256()
  let rest: Uint8Array = new Uint8Array(0)
  let opening: Opening | null = null
  let sessionsRead = 0
  let recordsRead = 0
  let lastKey = ''
  let verified = false

  function take(frame: Uint8Array, part: { sessions: Session[]; records: StoredRecord[] }): void {
    const payload = frame.subarray(4)
    if (opening !== null && sessionsRead === opening.sessions && recordsRead === opening.records) {
      if (verified) throw damaged('something follows its end')
      const expected = unpack(payload)
      if (!(expected instanceof Uint8Array) || Buffer.compare(expected, hash.digest()) !== 0) {
        throw damaged('its hash differs')
      }
      verified = true
      return
    }
    hash.update(frame)
    if (opening === null) {
      opening = openingOf(payload, mark)
    } else if (sessionsRead < opening.sessions) {
      part.sessions.push(decodeSession(payload))
      sessionsRead += 1
    } else {
      const record = decodeRecord(payload)
      if (record.version.key <= lastKey) throw damaged('its records are out of order')
      lastKey = record.version.key
      part.records.push(record)
      recordsRead += 1
    }
  }

  function read(slice: Uint8Array): ImagePart {
    const part = { sessions: [], records: [] }
    const bytes = rest.length === 0 ? slice : new Uint8Array(Buffer.concat([rest, slice]))
    const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    while (bytes.length - at >= 4) {
      const length = lengths.getUint32(at)
      if (length > frameBytesMax) throw damaged('a frame is too large')
      if (bytes.length - at < 4 + length) break
      take(bytes.subarray(at, at + 4 + length), part)
      at += 4 + length
    }
    rest = bytes.subarray(at)
    return part
  }

  return {
    push: (slice) => damageOr(() => read(slice)),
    finish() {
      if (!verified || opening === null || rest.length > 0) return damaged('it is not complete')
      return understood(opening.head)
    },
  }
}

/** Damage is an answer here, not an accident: another peer may send the image once more. */
function damageOr<T>(read: () => T): T | DeviceError {
  try {
    return read()
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'corrupt') return error
    throw error
  }
}

interface Opening {
  readonly head: Head
  readonly sessions: number
  readonly records: number
}

function openingOf(payload: Uint8Array, mark: Pick<AppliedMark, 'index' | 'term'>): Opening {
  const fields = unpack(payload)
  if (!Array.isArray(fields) || fields[0] !== imageFormat) throw damaged('it is of another format')
  const [, where, sessions, records] = fields as unknown[]
  const head = headOf(where)
  if (head === null || !isCount(sessions, 0) || !isCount(records, 0)) throw damaged('its head is malformed')
  if (head.index !== mark.index || head.term !== mark.term) throw damaged('it is of another index')
  return { head, sessions, records }
}

function damaged(why: string): DeviceError {
  return new DeviceError('corrupt', `the image is damaged: ${why}`)
}
