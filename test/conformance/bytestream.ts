import { expect, it } from 'vitest'
import type { ByteStream, Clock } from '../../src/host/host.ts'

/** Makes two ends of one stream, whatever carries it. */
export type StreamPair = () => Promise<{ readonly a: ByteStream; readonly b: ByteStream; readonly clock: Clock }>

/** A reader that takes nothing may cost no more than this, on both sides together. */
const unreadBytesMax = 24 * 1024 * 1024
const chunkBytes = 64 * 1024
const patienceMs = 20_000

/** What every stream of bytes keeps to; to be called inside a `describe`. */
export function byteStreamCases(make: StreamPair): void {
  it('brings all bytes both ways at once, in order', async () => {
    const { a, b } = await make()
    const sent = [patterned(1, 300), patterned(2, 300)] as const
    const [atB, atA] = await Promise.all([
      readAll(b),
      readAll(a),
      sendAll(a, sent[0]).then(() => a.end()),
      sendAll(b, sent[1]).then(() => b.end()),
    ])
    expect(sameBytes(atB, joined(sent[0]))).toBe(true)
    expect(sameBytes(atA, joined(sent[1]))).toBe(true)
  })

  it('takes a large chunk as well as none at all', async () => {
    const { a, b } = await make()
    const large = patterned(3, 1, 8 * 1024 * 1024)
    const got = readAll(b)
    await a.send(new Uint8Array(0))
    await sendAll(a, large)
    await a.send(new Uint8Array(0))
    a.end()
    expect(sameBytes(await got, joined(large))).toBe(true)
    b.end()
  })

  it('ends one way and goes on the other', async () => {
    const { a, b } = await make()
    await a.send(bytes('question'))
    a.end()
    expect(text(await readAll(b))).toBe('question')
    for (const word of ['an', 'answer', 'after', 'all', 'of', 'it']) await b.send(bytes(word))
    b.end()
    expect(text(await readAll(a))).toBe('ananswerafterallofit')
  })

  it('brings what was sent before the end, though nobody read it until later', async () => {
    const { a, b, clock } = await make()
    b.end()
    await a.send(new Uint8Array(chunkBytes).fill(7))
    a.end()
    await pass(clock, 200)
    expect((await readAll(b)).length).toBe(chunkBytes)
    expect((await readAll(a)).length).toBe(0)
  })

  it('makes its sender wait for a reader that stalls, and loses nothing', async () => {
    const { a, b, clock } = await make()
    let sentBytes = 0
    let more = true
    const sending = (async () => {
      while (more) {
        expect(sentBytes).toBeLessThan(unreadBytesMax)
        await a.send(new Uint8Array(chunkBytes).fill((sentBytes / chunkBytes) % 251))
        sentBytes += chunkBytes
      }
      a.end()
    })()
    const reader = b.received[Symbol.asyncIterator]()
    let gotBytes = 0
    let wrong = 0
    const take = (chunk: Uint8Array): void => {
      for (const byte of chunk) if (byte !== Math.floor(gotBytes++ / chunkBytes) % 251) wrong++
    }
    for (let round = 0; round < 3; round++) {
      await standsStill(clock, () => sentBytes)
      // Enough to make room, so that it must go on; then it stalls again.
      const before = sentBytes
      while (sentBytes === before) {
        take((await reader.next()).value)
      }
    }
    more = false
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) take(next.value)
    await sending
    expect({ gotBytes, wrong }).toEqual({ gotBytes: sentBytes, wrong: 0 })
    b.end()
  })

  for (const [who, pick] of [
    ['the one that sends', (a: ByteStream, _: ByteStream) => a],
    ['the one that receives', (_: ByteStream, b: ByteStream) => b],
  ] as const) {
    it(`is broken off by ${who}: nobody takes what came for whole, and nobody waits for ever`, async () => {
      const { a, b, clock } = await make()
      const breaker = pick(a, b)
      const [atA, atB] = [fate(readAll(a)), fate(readAll(b))]
      let sentBytes = 0
      const sending = fate(
        (async () => {
          for (;;) {
            await a.send(new Uint8Array(chunkBytes))
            sentBytes += chunkBytes
            await pass(clock, 1)
          }
        })(),
      )
      await until(clock, () => sentBytes > 4 * chunkBytes, 'something is sent')
      breaker.reset()
      expect(await Promise.all([atA, atB, sending])).toEqual(['unavailable', 'unavailable', 'unavailable'])
      await expect(a.send(new Uint8Array(1))).rejects.toMatchObject({ code: 'unavailable' })
    })
  }

  it('tells a sender that waits for room when the reader breaks it off', async () => {
    const { a, b, clock } = await make()
    let sentBytes = 0
    const sending = fate(
      (async () => {
        for (;;) {
          await a.send(new Uint8Array(chunkBytes))
          sentBytes += chunkBytes
        }
      })(),
    )
    await standsStill(clock, () => sentBytes)
    b.reset()
    expect(await sending).toBe('unavailable')
  })

  it('may be broken off and ended more than once', async () => {
    const { a, b } = await make()
    a.end()
    a.end()
    b.reset()
    b.reset()
    b.end()
    expect(await fate(readAll(b))).toBe('unavailable')
    a.reset()
    a.reset()
  })
}

export function pass(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve))
}

export async function until(clock: Clock, condition: () => boolean, what: string): Promise<void> {
  const startMs = clock.monotonicMs()
  while (!condition()) {
    if (clock.monotonicMs() - startMs > patienceMs) expect.fail(`${what}: not within ${patienceMs} ms`)
    await pass(clock, 5)
  }
}

/** Resolves once the number has not changed for a while. */
async function standsStill(clock: Clock, number: () => number): Promise<void> {
  let last = -1
  for (let quietMs = 0; quietMs < 300; quietMs += 20) {
    if (number() !== last) quietMs = 0
    last = number()
    await pass(clock, 20)
  }
}

export async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream.received) chunks.push(chunk)
  return joined(chunks)
}

async function sendAll(stream: ByteStream, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) await stream.send(chunk)
}

/** `ended`, or the code that it rejected with. */
export function fate(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ended',
    (error: { readonly code?: string }) => error.code ?? String(error),
  )
}

/** Chunks of all sizes, none like another. */
function patterned(seed: number, count: number, size?: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const chunk = new Uint8Array(size ?? (i * 7919) % 5000)
    for (let at = 0; at < chunk.length; at++) chunk[at] = (at * 31 + i * 17 + seed) & 0xff
    return chunk
  })
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks))
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

export function bytes(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}

export function text(packet: Uint8Array): string {
  return new TextDecoder().decode(packet)
}
