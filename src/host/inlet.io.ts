import { newFrameReader } from './frames.ts'
import type { P2pStream } from './p2p.io.ts'

/** Between two answering bytes on one stream. */
const answerEveryMs = 1_500
/** A peer that reads none of its answers gets no more of them. */
const answersUnreadBytesMax = 64

/**
 * The receiving end of one stream of packets. Packets are handed on as they come, on the spot, so that nothing piles
 * up here and a receiver that is slow slows its sender. A stream that breaks the framing is reset.
 */
export function receivePackets(stream: P2pStream, packetBytesMax: number, take: (packet: Uint8Array) => void): void {
  const reader = newFrameReader(packetBytesMax)
  const answering = answerNowAndThen(stream)
  stream.addEventListener('message', ({ data }) => {
    answering()
    const chunks = data instanceof Uint8Array ? [data] : data
    for (const chunk of chunks) {
      if (!pushOrReset(stream, () => reader.push(chunk, take))) return
    }
  })
  // The sender has closed its end: nothing will come, so this end closes too.
  stream.addEventListener('end', () => closeOrReset(stream))
}

/** A receiver's own failure is a bug and not the stream's: it is not caught here. */
function pushOrReset(stream: P2pStream, push: () => void): boolean {
  try {
    push()
    return true
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'FrameError')) throw cause
    stream.abort(cause)
    return false
  }
}

export function closeOrReset(stream: P2pStream): void {
  stream.close().catch((cause: Error) => stream.abort(cause))
}

/** Tells the sender that its data arrives: at once when it was quiet, then every second and a half while data comes. */
function answerNowAndThen(stream: P2pStream): () => void {
  let timer: NodeJS.Timeout | null = null
  let owed = false
  stream.addEventListener('close', () => {
    if (timer !== null) clearTimeout(timer)
  })

  function answer(): void {
    owed = false
    timer = null
    if (stream.status !== 'open' || stream.writeBufferLength > answersUnreadBytesMax) return
    timer = setTimeout(() => {
      timer = null
      if (owed) answer()
    }, answerEveryMs)
    timer.unref()
    try {
      stream.send(Uint8Array.of(1))
    } catch (cause) {
      stream.abort(cause as Error)
    }
  }

  return () => {
    if (timer === null) answer()
    else owed = true
  }
}
