import { encodeFrames, frameHeaderBytes } from './frames.ts'
import { closeOrReset } from './inlet.io.ts'
import type { P2pStream } from './p2p.io.ts'

/** What an outlet may hold, by lane: when it is full, `offer` refuses. */
export interface OutletLimits {
  readonly packetsMax: number
  readonly bytesMax: number
}

/** Handed to the stream in one piece: large enough that a write costs little, small enough that lanes take turns. */
const writeBytesMax = 64 * 1024

/**
 * The sending end of one lane to one peer: a bounded queue, and the stream it empties into. What is offered in one
 * turn of the event loop leaves in one write. The receiver answers data with a byte now and then; so `unanswered`
 * grows while a peer, or the way to it, is dead, long before TCP gives up.
 */
export interface Outlet {
  /** False when the queue is full. */
  offer(packet: Uint8Array): boolean
  /** Sends through this stream from now on, until it closes. */
  attach(stream: P2pStream): void
  /** Sends what waits, and resolves when the peer has taken all of it, or the stream is lost. */
  end(): Promise<void>
  /** Forgets what waits. */
  clear(): void
  readonly attached: boolean
  /** Beats since data was written that nothing has answered. */
  readonly unanswered: number
  /** Counted in beats of a timer, not in time, so that a stall of this process does not look like one of the peer. */
  beat(): void
}

export function newOutlet(limits: OutletLimits, closed: (stream: P2pStream) => void): Outlet {
  let queue: Uint8Array[] = []
  let queuedBytes = 0
  let stream: P2pStream | null = null
  let pumpScheduled = false
  let unanswered = -1
  let ended: (() => void) | null = null

  function clear(): void {
    queue = []
    queuedBytes = 0
  }

  function schedulePump(): void {
    if (pumpScheduled || stream === null) return
    pumpScheduled = true
    queueMicrotask(() => {
      pumpScheduled = false
      pump()
    })
  }

  function pump(): void {
    const to = stream
    if (to === null) return
    let taken = 0
    try {
      while (taken < queue.length && !to.writableNeedsDrain && to.writeBufferLength < writeBytesMax) {
        const until = nextWrite(queue, taken)
        const bytes = encodeFrames(queue.slice(taken, until))
        taken = until
        queuedBytes -= bytes.length
        if (unanswered < 0) unanswered = 0
        to.send(bytes)
      }
    } catch (cause) {
      to.abort(cause as Error)
    }
    if (stream !== to) return
    queue.splice(0, taken)
    if (queue.length === 0 && ended !== null) closeOrReset(to)
  }

  return {
    get attached() {
      return stream !== null
    },
    get unanswered() {
      return Math.max(0, unanswered)
    },
    offer(packet) {
      const bytes = packet.length + frameHeaderBytes
      if (queue.length >= limits.packetsMax) return false
      if (queue.length > 0 && queuedBytes + bytes > limits.bytesMax) return false
      queue.push(packet)
      queuedBytes += bytes
      schedulePump()
      return true
    },
    attach(opened) {
      stream = opened
      unanswered = -1
      opened.addEventListener('message', () => {
        unanswered = -1
      })
      // `drain`: the way is free again. `idle`: what was written has left. Either may be the last to come.
      opened.addEventListener('drain', schedulePump)
      opened.addEventListener('idle', schedulePump)
      opened.addEventListener('close', () => {
        if (stream !== opened) return
        stream = null
        unanswered = -1
        clear()
        ended?.()
        closed(opened)
      })
      schedulePump()
    },
    end() {
      if (stream === null) return Promise.resolve()
      // The peer closes its end when it has read to the end of ours: then the stream is closed.
      return new Promise((resolve) => {
        ended = resolve
        schedulePump()
      })
    },
    clear,
    beat() {
      if (unanswered >= 0) unanswered++
    },
  }
}

/** The end of the packets, from `from`, that go into one write: at least one. */
function nextWrite(queue: readonly Uint8Array[], from: number): number {
  let until = from
  let bytes = 0
  do {
    bytes += frameHeaderBytes + (queue[until]?.length ?? 0)
    until++
  } while (until < queue.length && bytes + (queue[until]?.length ?? 0) <= writeBytesMax)
  return until
}
