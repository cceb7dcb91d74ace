import { assert } from '../lib/assert.ts'
import { encodeFrames, newFrameReader } from './frames.ts'
import { DeviceError, type Identity } from './host.ts'
import { closeOrReset } from './inlet.io.ts'
import type { P2pConnection, P2pStream } from './p2p.io.ts'

export type Answerer = (from: Identity, question: Uint8Array) => Promise<Uint8Array>

export const askProtocol = '/skein/ask/1'
/** Of one question, and of one answer. */
const askBytesMax = 4 * 1024 * 1024
const nameBytesMax = 255
/** Streams of questions that one peer may have open on one connection. */
export const asksPerConnectionMax = 16
/** Questions that this host works on at once, from all peers; one more is refused. */
const answersMax = 128
/** To send the question, and to take the answer away. */
const transferMs = 30_000

export interface AskNeeds {
  connection(peer: Identity): Promise<P2pConnection>
  openAsk(connection: P2pConnection, signal: AbortSignal): Promise<P2pStream>
}

/** One question, one answer, each on a short stream of its own: `<length of the name><name><question>` in a frame, and a frame back. */
export interface Asks {
  ask(peer: Identity, protocol: string, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  answer(protocol: string, answerer: Answerer): void
  /** Serves a stream that `from` opened. */
  serve(from: Identity, stream: P2pStream): void
}

export function newAsks(needs: AskNeeds): Asks {
  const answerers = new Map<string, Answerer>()
  let answering = 0

  /** Resets the stream on every failure: the asker needs no more than that it failed. */
  async function serveOne(from: Identity, stream: P2pStream): Promise<void> {
    const timer = setTimeout(() => stream.abort(new Error('the question took too long')), transferMs)
    try {
      const { protocol, question } = parseQuestion(await readFrame(stream, askBytesMax + nameBytesMax + 1))
      clearTimeout(timer)
      const answerer = answerers.get(protocol)
      if (answerer === undefined) throw new Error(`nobody answers ${protocol}`)
      const answer = await answerer(from, question)
      assert(answer.length <= askBytesMax, 'an answer has at most 4 MiB')
      stream.send(encodeFrames([answer]))
      await stream.close({ signal: AbortSignal.timeout(transferMs) })
    } catch (cause) {
      stream.abort(cause as Error)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async ask(peer, protocol, question, signal) {
      signal.throwIfAborted()
      const name = new TextEncoder().encode(protocol)
      assert(question.length <= askBytesMax, 'a question has at most 4 MiB')
      assert(name.length <= nameBytesMax, 'the name of a protocol is short')
      try {
        const connection = await abandonable(needs.connection(peer), signal)
        const stream = await needs.openAsk(connection, signal)
        return await exchange(stream, encodeQuestion(name, question), signal)
      } catch (cause) {
        signal.throwIfAborted()
        throw new DeviceError('unavailable', `${peer} does not answer`, cause)
      }
    },
    answer(protocol, answerer) {
      answerers.set(protocol, answerer)
    },
    serve(from, stream) {
      if (answering >= answersMax) return stream.abort(new Error('too many questions'))
      answering++
      void serveOne(from, stream).finally(() => {
        answering--
      })
    },
  }
}

async function exchange(stream: P2pStream, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const abort = (): void => stream.abort(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    const answer = readFrame(stream, askBytesMax)
    stream.send(question)
    const bytes = await answer
    closeOrReset(stream)
    return bytes
  } catch (cause) {
    stream.abort(cause as Error)
    throw cause
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The first frame. Rejects when the stream ends before it is whole, or when it is larger than it may be. */
function readFrame(stream: P2pStream, bytesMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const reader = newFrameReader(bytesMax)
    let done = false
    const take = (frame: Uint8Array): void => {
      done = true
      resolve(frame)
    }
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const chunk of data instanceof Uint8Array ? [data] : data) if (!done) reader.push(chunk, take)
      } catch (cause) {
        reject(cause as Error)
      }
    })
    const ended = (): void => reject(new Error('the stream ended early'))
    stream.addEventListener('end', ended)
    stream.addEventListener('close', (event) => reject(event.error ?? new Error('the stream was closed')))
    if (stream.status !== 'open') ended()
  })
}

/** The promise goes on when the signal aborts: a dial, which others may wait for. Its outcome is then nobody's. */
export function abandonable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function encodeQuestion(name: Uint8Array, question: Uint8Array): Uint8Array {
  const body = new Uint8Array(1 + name.length + question.length)
  body[0] = name.length
  body.set(name, 1)
  body.set(question, 1 + name.length)
  return encodeFrames([body])
}

function parseQuestion(body: Uint8Array): { protocol: string; question: Uint8Array } {
  const nameBytes = body[0] ?? 0
  if (body.length < 1 + nameBytes) throw new Error('the question is cut short')
  const protocol = new TextDecoder().decode(body.subarray(1, 1 + nameBytes))
  return { protocol, question: body.subarray(1 + nameBytes) }
}
