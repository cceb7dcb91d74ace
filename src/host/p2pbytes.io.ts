import { type ByteStream, DeviceError, type Identity } from './host.ts'
import { closeOrReset } from './inlet.io.ts'
import type { P2pStream } from './p2p.io.ts'

/** Handed to libp2p in one piece, and as much of it as may wait there: what it cannot send it keeps, without limit. */
const writeBytesMax = 64 * 1024
/** When so much waits for the reader, nothing more is asked of the peer; the muxer's window yet comes on top. */
const pendingBytesMax = 256 * 1024
/** The acceptor is done, and the other side goes on without an end. */
const lingerMs = 10_000

/** What comes in on one stream. */
export interface P2pBytes {
  /** At least one byte; null when the other side has ended. Rejects when the stream broke before that. One at a time. */
  next(): Promise<Uint8Array | null>
  giveBack(bytes: Uint8Array): void
  /** From now on everything is thrown away. */
  discard(): void
  /** This side has broken it off: whatever came, nobody shall take it for whole. */
  fail(): void
}

/**
 * Pulls what libp2p pushes. Its own iterator reads ahead without limit, so this one pauses the stream. Three things to
 * know of pausing (@libp2p/utils 7.4): resuming hands out all that has gathered and then opens the window, so that to
 * pause again from within leaves it open; a connection that closes looks like an end, unless the end itself was seen;
 * and a reset tells of an end before it tells of the reset.
 */
export function newIncoming(stream: P2pStream): P2pBytes {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  let resuming = false
  let discarding = false
  let finished = stream.remoteWriteStatus === 'closed' && stream.status === 'open'
  let state: 'open' | 'ended' | 'broken' = 'open'
  let fault: unknown
  let wake: (() => void) | null = null

  function rung(): void {
    const waiter = wake
    wake = null
    waiter?.()
  }

  function settle(next: 'ended' | 'broken', cause?: unknown): void {
    if (state === 'broken') return
    if (state === 'ended' && next === 'broken') return
    state = next
    fault = cause
    rung()
  }

  function ended(): void {
    const whole = finished && stream.status !== 'reset' && stream.status !== 'aborted'
    settle(whole ? 'ended' : 'broken')
  }

  function pauseWhenFull(): void {
    if (pendingBytes >= pendingBytesMax && stream.readStatus === 'readable') stream.pause()
  }

  function resumeWhenEmpty(): void {
    if (pendingBytes > 0 || stream.readStatus !== 'paused') return
    resuming = true
    try {
      stream.resume()
    } finally {
      resuming = false
    }
    pauseWhenFull()
  }

  stream.addEventListener('message', ({ data }) => {
    if (discarding) return
    for (const chunk of data instanceof Uint8Array ? [data] : data) {
      if (chunk.length === 0) continue
      pending.push(chunk)
      pendingBytes += chunk.length
    }
    if (!resuming) pauseWhenFull()
    rung()
  })
  stream.addEventListener('remoteCloseWrite', () => {
    finished = true
  })
  stream.addEventListener('end', ended)
  stream.addEventListener('close', (event) => {
    if (event.error !== undefined) settle('broken', event.error)
  })
  if (stream.status === 'reset' || stream.status === 'aborted' || stream.readableEnded) ended()

  return {
    async next() {
      for (;;) {
        if (state === 'broken') throw fault ?? new Error('the stream broke off')
        const chunk = pending.shift()
        if (chunk !== undefined) {
          pendingBytes -= chunk.length
          resumeWhenEmpty()
          return chunk
        }
        if (state === 'ended') return null
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    giveBack(bytes) {
      if (bytes.length === 0) return
      pending.unshift(bytes)
      pendingBytes += bytes.length
    },
    discard() {
      discarding = true
      pending = []
      pendingBytes = 0
      resumeWhenEmpty()
    },
    fail() {
      state = 'broken'
      pending = []
      rung()
    },
  }
}

/** The device's form of a stream; `finish` is for an acceptor that is done. */
export function streamOf(
  stream: P2pStream,
  incoming: P2pBytes,
  peer: Identity,
): { readonly bytes: ByteStream; finish(): void } {
  let reading = false
  let ending = false
  const broken = (cause?: unknown): DeviceError =>
    new DeviceError('unavailable', `the stream with ${peer} broke off`, cause)

  async function* receive(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = await incoming.next().catch((cause: unknown) => {
        throw broken(cause)
      })
      if (chunk === null) return
      yield chunk
    }
  }

  const bytes: ByteStream = {
    async send(chunk) {
      try {
        for (let at = 0; at < chunk.length; at += writeBytesMax) {
          stream.send(chunk.subarray(at, at + writeBytesMax))
          await room(stream)
        }
      } catch (cause) {
        throw broken(cause)
      }
    },
    end() {
      if (ending) return
      ending = true
      closeOrReset(stream)
    },
    received: {
      [Symbol.asyncIterator]() {
        if (reading) throw new Error('a stream has one reader')
        reading = true
        return receive()
      },
    },
    reset() {
      incoming.fail()
      stream.abort(new Error('broken off by this side'))
    },
  }
  return {
    bytes,
    finish() {
      bytes.end()
      incoming.discard()
      if (stream.status !== 'open') return
      const timer = setTimeout(() => stream.abort(new Error('the other side does not end')), lingerMs)
      stream.addEventListener('close', () => clearTimeout(timer))
    },
  }
}

/** Waits until libp2p keeps next to nothing. Its own `onDrain` waits only once in a stream's life. */
async function room(stream: P2pStream): Promise<void> {
  while (stream.writableNeedsDrain || stream.writeBufferLength >= writeBytesMax) {
    if (stream.writeStatus === 'closed') throw new Error(`the stream is ${stream.status}`)
    await new Promise<void>((resolve) => {
      const woken = (): void => {
        for (const event of ['drain', 'idle', 'close'] as const) stream.removeEventListener(event, woken)
        resolve()
      }
      for (const event of ['drain', 'idle', 'close'] as const) stream.addEventListener(event, woken)
    })
  }
  if (stream.status === 'reset' || stream.status === 'aborted') throw new Error(`the stream is ${stream.status}`)
}
