import { assert } from '../lib/assert.ts'
import { abandonable } from './asks.io.ts'
import { type ByteStream, DeviceError, type Identity, type Log } from './host.ts'
import type { P2pConnection, P2pStream } from './p2p.io.ts'
import { newIncoming, type P2pBytes, streamOf } from './p2pbytes.io.ts'

export type Acceptor = (from: Identity, stream: ByteStream) => Promise<void>

export const streamProtocol = '/skein/stream/1'
/** Streams that one connection carries, each way. */
export const streamsPerConnectionMax = 512
/** Streams that this host has taken, from all peers, and that are not closed; one more is refused. */
const streamsMax = 2_048
const nameBytesMax = 255
/** From an agreed stream to one that the peer has taken, or to a name that has come. */
const openMs = 5_000
/** What the acceptor's side says first. */
const taken = Uint8Array.of(1)

export interface StreamNeeds {
  connection(peer: Identity): Promise<P2pConnection>
  openStream(connection: P2pConnection, signal: AbortSignal): Promise<P2pStream>
  readonly log: Log
}

/**
 * Streams between daemons. Who opens one says what it is for, `<length of the name><name>`, and hears one byte once
 * somebody has taken it: libp2p alone would tell of a stream that was refused only when it is used.
 */
export interface Streams {
  open(peer: Identity, protocol: string, signal: AbortSignal): Promise<ByteStream>
  accept(protocol: string, acceptor: Acceptor): void
  /** Takes a stream that `from` opened. */
  serve(from: Identity, stream: P2pStream): void
}

export function newStreams(needs: StreamNeeds): Streams {
  const acceptors = new Map<string, Acceptor>()
  let open = 0

  /** Resets the stream on every failure: who opened it needs no more than that it failed. */
  async function serveOne(from: Identity, stream: P2pStream): Promise<void> {
    const timer = setTimeout(() => stream.abort(new Error('no name came')), openMs)
    let protocol = ''
    try {
      const incoming = newIncoming(stream)
      protocol = await readName(incoming)
      clearTimeout(timer)
      const acceptor = acceptors.get(protocol)
      if (acceptor === undefined) throw new Error('nobody takes such streams')
      const { bytes, finish } = streamOf(stream, incoming, from)
      stream.send(taken)
      await acceptor(from, bytes)
      finish()
    } catch (cause) {
      needs.log.debug('stream reset', { peer: from, protocol, error: String(cause) })
      stream.abort(cause as Error)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async open(peer, protocol, signal) {
      signal.throwIfAborted()
      const name = new TextEncoder().encode(protocol)
      assert(name.length > 0 && name.length <= nameBytesMax, 'the name of a protocol is short')
      try {
        const connection = await abandonable(needs.connection(peer), signal)
        return await begin(peer, await needs.openStream(connection, signal), name, signal)
      } catch (cause) {
        signal.throwIfAborted()
        throw new DeviceError('unavailable', `${peer} takes no stream for ${protocol}`, cause)
      }
    },
    accept(protocol, acceptor) {
      acceptors.set(protocol, acceptor)
    },
    serve(from, stream) {
      if (open >= streamsMax) return stream.abort(new Error('too many streams'))
      open++
      stream.addEventListener('close', () => {
        open--
      })
      void serveOne(from, stream)
    },
  }
}

/** Says what the stream is for, and waits until the peer has taken it. */
async function begin(peer: Identity, stream: P2pStream, name: Uint8Array, signal: AbortSignal): Promise<ByteStream> {
  const timer = setTimeout(() => stream.abort(new Error(`not taken within ${openMs} ms`)), openMs)
  const abort = (): void => stream.abort(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    const incoming = newIncoming(stream)
    stream.send(Uint8Array.of(name.length, ...name))
    const first = await incoming.next()
    if (first === null || first[0] !== taken[0]) throw new Error('it was not taken')
    incoming.giveBack(first.subarray(1))
    return streamOf(stream, incoming, peer).bytes
  } catch (cause) {
    stream.abort(cause as Error)
    throw cause
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

async function readName(incoming: P2pBytes): Promise<string> {
  let got = new Uint8Array(0)
  for (;;) {
    const end = 1 + (got[0] ?? nameBytesMax)
    if (got.length >= end) {
      incoming.giveBack(got.subarray(end))
      return new TextDecoder().decode(got.subarray(1, end))
    }
    const chunk = await incoming.next()
    if (chunk === null) throw new Error('the name is cut short')
    got = new Uint8Array(Buffer.concat([got, chunk]))
  }
}
