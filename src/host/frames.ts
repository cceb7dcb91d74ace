/**
 * Packets on a byte stream: each behind its length, four bytes, big-endian. A length above the limit is refused when
 * it is read, before anything is kept for it.
 */
export const frameHeaderBytes = 4

/** The bytes broke the framing: nothing that follows on this stream can be understood. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** Lays packets end to end in one new buffer, so that they cost one write. */
export function encodeFrames(packets: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const packet of packets) size += frameHeaderBytes + packet.length
  const frames = new Uint8Array(size)
  const header = new DataView(frames.buffer)
  let at = 0
  for (const packet of packets) {
    header.setUint32(at, packet.length)
    frames.set(packet, at + frameHeaderBytes)
    at += frameHeaderBytes + packet.length
  }
  return frames
}

export interface FrameReader {
  /**
   * Takes the next bytes and hands on each packet that they complete, in a buffer of its own. Throws `FrameError` on
   * a length above the limit, and from then on always.
   */
  push(chunk: Uint8Array, take: (packet: Uint8Array) => void): void
  /** Bytes kept of a packet that is not complete yet. */
  readonly pendingBytes: number
}

/** What a claimed length is worth before its bytes have come. */
const firstBytesMax = 64 * 1024

export function newFrameReader(packetBytesMax: number): FrameReader {
  const header = new Uint8Array(frameHeaderBytes)
  let headerBytes = 0
  let packet = new Uint8Array(0)
  let pendingBytes = 0
  let broken = false

  /** Copies into a buffer that grows with what has come, never with what was merely announced. */
  function keep(bytes: Uint8Array, length: number): void {
    const needed = pendingBytes + bytes.length
    if (needed > packet.length) {
      const grown = new Uint8Array(Math.min(length, Math.max(needed, 2 * packet.length, firstBytesMax)))
      grown.set(packet.subarray(0, pendingBytes))
      packet = grown
    }
    packet.set(bytes, pendingBytes)
    pendingBytes = needed
  }

  function complete(): Uint8Array {
    const whole = packet.subarray(0, pendingBytes)
    packet = new Uint8Array(0)
    pendingBytes = 0
    headerBytes = 0
    return whole
  }

  return {
    get pendingBytes() {
      return pendingBytes
    },
    push(chunk, take) {
      let at = 0
      while (true) {
        if (broken) throw new FrameError('the framing of this stream is broken')
        while (headerBytes < frameHeaderBytes && at < chunk.length) header[headerBytes++] = chunk[at++] ?? 0
        if (headerBytes < frameHeaderBytes) return
        const length = new DataView(header.buffer).getUint32(0)
        if (length > packetBytesMax) {
          broken = true
          throw new FrameError(`a packet of ${length} bytes is larger than ${packetBytesMax}`)
        }
        const to = Math.min(chunk.length, at + length - pendingBytes)
        if (to > at) keep(chunk.subarray(at, to), length)
        at = to
        if (pendingBytes < length) return
        take(complete())
      }
    },
  }
}
