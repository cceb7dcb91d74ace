import { assert, must } from '../lib/assert.ts'
import { hex, sha256 } from '../lib/hash.ts'
import type { LogMark } from './entry.ts'
import type { StateImage } from './machine.ts'

/**
 * A snapshot on its way to one peer, a slice at a time: the next is drawn when the last was acknowledged, so that the
 * leader holds one slice, and an answer to the slice that is out can only mean what it says however late it is.
 */
export interface OutgoingSnapshot {
  readonly transfer: number
  readonly mark: LogMark
  readonly image: StateImage
  /** The slice that is out. The last one is empty and carries the checksum. */
  offset: number
  data: Uint8Array
  checksum: string | null
  running: string
  /** When it was last sent; null: it was not. */
  sentTick: number | null
}

export function newOutgoing(transfer: number, mark: LogMark, image: StateImage): OutgoingSnapshot {
  const outgoing = { transfer, mark, image, offset: 0, data: none, checksum: null, running: '', sentTick: null }
  draw(outgoing)
  return outgoing
}

/** The slice was acknowledged; the next is drawn. */
export function acknowledged(outgoing: OutgoingSnapshot): void {
  assert(outgoing.checksum === null, 'nothing comes after the last slice')
  outgoing.offset += outgoing.data.length
  draw(outgoing)
}

/** A hash over all slices up to this one. */
export function sliceHash(running: string, slice: Uint8Array): string {
  return hex(sha256(running, slice))
}

const none = new Uint8Array(0)

function draw(outgoing: OutgoingSnapshot): void {
  outgoing.sentTick = null
  const data = outgoing.image.next()
  if (data === null) {
    outgoing.data = none
    outgoing.checksum = outgoing.running
    return
  }
  assert(must(data, 'a slice').length > 0, 'a slice is not empty')
  outgoing.data = data
  outgoing.running = sliceHash(outgoing.running, data)
}
