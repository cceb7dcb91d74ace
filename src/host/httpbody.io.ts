import type { Http2ServerRequest } from 'node:http2'
import { DeviceError } from './host.ts'

const limits = {
  /** How much of a body that is too large is read and thrown away, so that its sender comes to read the answer. */
  discardBytesMax: 64 * 1024 * 1024,
}

/** From the head of a request to the end of its body. */
export const bodyTimeoutMs = 60_000

/** Shared by requests of one server; who has read a body gives its bytes back when it is done with it. */
export interface BodyMemory {
  bytesHeld: number
  /** Of bodies held at a time. */
  readonly bytesMax: number
}

/** All memory for bodies is in use: what was sent was thrown away. */
export class TooBusyError extends Error {
  override readonly name = 'TooBusyError'
}

/** The body, or null when it is larger than `bytesMax`. Never holds more than that. */
export async function readBody(
  request: Http2ServerRequest,
  bytesMax: number,
  memory: BodyMemory,
): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let held = 0
  let seen = 0
  let busy = false
  const timer = setTimeout(
    () => request.destroy(new DeviceError('unavailable', 'the body did not come in time')),
    bodyTimeoutMs,
  )
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      seen += chunk.byteLength
      if (seen > limits.discardBytesMax) return null
      busy ||= memory.bytesHeld + chunk.byteLength > memory.bytesMax
      if (busy || seen > bytesMax) {
        memory.bytesHeld -= held
        held = 0
        chunks.length = 0
        continue
      }
      memory.bytesHeld += chunk.byteLength
      held += chunk.byteLength
      chunks.push(chunk)
    }
  } catch (error) {
    memory.bytesHeld -= held
    throw error
  } finally {
    clearTimeout(timer)
  }
  if (busy) throw new TooBusyError()
  return seen > bytesMax ? null : joined(chunks)
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(chunks))
}
