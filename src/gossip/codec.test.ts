import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { decode, encode, type Message, MessageError, packetUpdatesMax } from './codec.ts'
import type { Update } from './member.ts'

const identity = fc.string({ minLength: 1, maxLength: 60 })
const update: fc.Arbitrary<Update> = fc.record({
  identity,
  state: fc.constantFrom('alive', 'suspect', 'dead', 'left'),
  incarnation: fc.nat(),
  from: identity,
})
const updates = fc.array(update, { maxLength: packetUpdatesMax })
const sequence = fc.integer({ min: 0, max: 0xffff_ffff })
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constantFrom('ping', 'ack', 'nack'), sequence, updates }),
  fc.record({ type: fc.constant('probe'), sequence, target: identity, updates }),
  fc.record({ type: fc.constantFrom('gossip', 'sync'), updates }),
) as fc.Arbitrary<Message>

function decodeOrRefuse(bytes: Uint8Array): void {
  try {
    decode(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(MessageError)
  }
}

describe('codec', () => {
  it('brings every message through', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(decode(encode(sent))).toEqual(sent)
      }),
    )
  })

  it('refuses random bytes, and nothing else happens', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeOrRefuse), { numRuns: 2_000 })
  })

  it('refuses messages with a byte changed, or takes them for another message', () => {
    const changed = fc.tuple(message, fc.nat(), fc.nat({ max: 255 })).map(([sent, at, byte]) => {
      const bytes = new Uint8Array(encode(sent))
      bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(fc.property(changed, decodeOrRefuse), { numRuns: 2_000 })
  })

  it('refuses values of other shapes', () => {
    const packr = new Packr({ useRecords: false })
    fc.assert(fc.property(fc.anything(), (value) => decodeOrRefuse(packr.pack(value))))
    for (const value of [
      [6, 1, '', []],
      [0, -1, '', []],
      [0, 1.5, '', []],
      [0, 1, ''],
      [3, 1, '', []],
      [3, 1, 7, []],
      [4, 0, '', {}],
      [4, 0, '', [['a', 4, 0, 'b']]],
      [4, 0, '', [['a', 0, -1, 'b']]],
      [4, 0, '', [['a', 0, Number.MAX_SAFE_INTEGER, 'b']]],
      [4, 0, '', [['', 0, 0, 'b']]],
      [4, 0, '', [['a'.repeat(129), 0, 0, 'b']]],
      [4, 0, '', Array.from({ length: packetUpdatesMax + 1 }, () => ['a', 0, 0, 'b'])],
    ]) {
      expect(() => decode(packr.pack(value))).toThrow(MessageError)
    }
  })

  it('refuses a list that only claims to be long', () => {
    expect(() => decode(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff, 0, 0))).toThrow(MessageError)
  })

  it('refuses packets that are too large to be news', () => {
    const large = encode({ type: 'sync', updates: Array.from({ length: 500 }, (_, i) => news(`member-${i}`)) })
    expect(decode(large).updates.length).toBe(500)
    expect(() => decode(new Uint8Array(5 * 1024 * 1024))).toThrow(MessageError)
  })
})

function news(identity: string): Update {
  return { identity, state: 'alive', incarnation: 1, from: identity }
}
