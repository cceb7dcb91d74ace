import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newFrameSplitter } from './dockerframes.ts'

function frame(stream: number, text: string): Uint8Array {
  const data = new TextEncoder().encode(text)
  const bytes = new Uint8Array(8 + data.length)
  bytes[0] = stream
  new DataView(bytes.buffer).setUint32(4, data.length)
  bytes.set(data, 8)
  return bytes
}

function bytesOf(frames: readonly (readonly [number, string])[]): Uint8Array {
  return new Uint8Array(frames.flatMap(([stream, text]) => [...frame(stream, text)]))
}

const decode = (data: Uint8Array): string => new TextDecoder().decode(data)

describe('frames of the engine', () => {
  it('become pieces, neighbours of one stream joined', () => {
    const splitter = newFrameSplitter()
    const pieces = splitter.push(
      bytesOf([
        [1, 'a\n'],
        [1, 'b\n'],
        [2, 'oops\n'],
        [1, ''],
        [1, 'c\n'],
      ]),
    )
    expect(pieces.map(({ stream, data }) => [stream, decode(data)])).toEqual([
      ['stdout', 'a\nb\n'],
      ['stderr', 'oops\n'],
      ['stdout', 'c\n'],
    ])
    expect(splitter.whole).toBe(true)
  })

  it('may be cut anywhere', () => {
    const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string()), { maxLength: 20 })
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 20 }), (sent, cuts) => {
        const splitter = newFrameSplitter()
        const all = bytesOf(sent)
        const got = { stdout: '', stderr: '' }
        const order: string[] = []
        const edges = [0, ...[...cuts].filter((cut) => cut < all.length).sort((a, b) => a - b), all.length]
        const collected: Record<'stdout' | 'stderr', number[]> = { stdout: [], stderr: [] }
        edges.slice(1).forEach((edge, i) => {
          for (const { stream, data } of splitter.push(all.subarray(edges[i], edge))) {
            collected[stream].push(...data)
            order.push(stream)
          }
        })
        for (const stream of ['stdout', 'stderr'] as const) got[stream] = decode(new Uint8Array(collected[stream]))
        const expected = (number: number): string =>
          sent.map(([stream, text]) => (stream === number ? text : '')).join('')
        expect(got).toEqual({ stdout: expected(1), stderr: expected(2) })
        expect(splitter.whole).toBe(true)
        expect(order.length).toBeGreaterThanOrEqual(Math.min(1, sent.filter(([, text]) => text !== '').length))
      }),
    )
  })

  it('are incomplete until their last byte', () => {
    const splitter = newFrameSplitter()
    const bytes = frame(1, 'abc')
    for (let at = 0; at < bytes.length; at++) {
      splitter.push(bytes.subarray(at, at + 1))
      expect(splitter.whole).toBe(at === bytes.length - 1)
    }
  })

  it('are told from what is none, and from a fault of the engine', () => {
    expect(() => newFrameSplitter().push(new TextEncoder().encode('no frames at all'))).toThrow('no log')
    expect(() => newFrameSplitter().push(frame(3, 'a fault'))).toThrow('no log')
  })
})
