import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrames, FrameError, newFrameReader } from './frames.ts'

const packets = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })

describe('frames', () => {
  it('come out as they went in, however the stream cuts them', () => {
    fc.assert(
      fc.property(packets, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (sent, cuts) => {
        const stream = encodeFrames(sent)
        const reader = newFrameReader(300)
        const got: Uint8Array[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          const chunk = stream.slice(at, at + size)
          reader.push(chunk, (packet) => got.push(packet))
          chunk.fill(0xff) // what the reader keeps is its own
          at += size
        }
        expect(got).toEqual(sent)
        expect(reader.pendingBytes).toBe(0)
      }),
    )
  })

  it('refuses a length above the limit before it keeps a byte for it, and stays broken', () => {
    const reader = newFrameReader(10)
    const take = (): void => expect.fail('no packet is complete')
    expect(() => reader.push(Uint8Array.of(0, 0, 0, 11, 1, 2, 3), take)).toThrow(FrameError)
    expect(reader.pendingBytes).toBe(0)
    expect(() => reader.push(Uint8Array.of(0, 0, 0, 0), take)).toThrow(FrameError)
  })

  it('never keeps more than one packet, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
        const reader = newFrameReader(64)
        try {
          for (const chunk of chunks) {
            reader.push(chunk, (packet) => expect(packet.length).toBeLessThanOrEqual(64))
            expect(reader.pendingBytes).toBeLessThan(64)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
      }),
    )
  })
})
