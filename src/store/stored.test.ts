import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pack } from './codec.ts'
import {
  decodeMark,
  decodeRecord,
  decodeSession,
  encodeMark,
  encodeRecord,
  encodeSession,
  generationRange,
  newLedger,
  recordKey,
  type StoredMark,
  seal,
  sessionKey,
  unseal,
} from './stored.ts'

describe('what lies on the disk', () => {
  it('comes back as it was', () => {
    const stored: StoredMark = {
      mark: { index: 9, term: 3, configuration: { voters: ['a', 'b'], votersOutgoing: ['c'], learners: [] } },
      head: {
        index: 9,
        term: 3,
        revision: 2 ** 50,
        hash: new Uint8Array(32).fill(7),
        featureLevel: 1,
        forgottenThrough: 4,
      },
      generation: 'b',
      tally: { count: 12, sum: 2 ** 47 },
    }
    expect(decodeMark(encodeMark(stored))).toEqual(stored)
    const version = { key: 'a/b//c', value: new Uint8Array([1]), revision: 8, createRevision: 2 }
    const record = { version, provides: [{ limit: 'x', amount: 3 }], claims: [] }
    expect(decodeRecord(encodeRecord(record))).toEqual(record)
    const session = { origin: 'o', lastIndex: 9, applied: [[0, 4] as const, [6, 7] as const] }
    expect(decodeSession(encodeSession(session))).toEqual(session)
  })

  it.each([
    ['a mark', decodeMark, [2, 'a', [], [[], [], []], 0, 0]],
    ['a generation', decodeMark, [1, 'c', [1, 1, 1, new Uint8Array(32), 1, 0], [[], [], []], 0, 0]],
    ['a hash', decodeMark, [1, 'a', [1, 1, 1, new Uint8Array(31), 1, 0], [[], [], []], 0, 0]],
    ['a configuration', decodeMark, [1, 'a', [1, 1, 1, new Uint8Array(32), 1, 0], [[1], [], []], 0, 0]],
    ['a record', decodeRecord, ['k', 1, 2, new Uint8Array(1), [], []]],
    ['amounts', decodeRecord, ['k', 2, 2, new Uint8Array(1), ['x'], []]],
    ['a session', decodeSession, ['o', 0, []]],
    ['ranges', decodeSession, ['o', 1, [0]]],
    ['noise', decodeRecord, 7],
  ])('is damaged when it is not %s', (_what, decode, fields) => {
    expect(() => decode(pack(fields))).toThrow(/is damaged at/)
  })

  it('is damaged when a bit is flipped, when it is cut, and under another key', () => {
    const { value } = seal('a/r/k', new Uint8Array([1, 2, 3]))
    expect([...unseal('a/r/k', value).payload]).toEqual([1, 2, 3])
    expect(() => unseal('a/r/l', value)).toThrow('a/r/l')
    fc.assert(
      fc.property(fc.nat(value.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const flipped = Uint8Array.from(value, (byte, i) => (i === at ? byte ^ change : byte))
        expect(() => unseal('a/r/k', flipped)).toThrow('damaged')
        expect(() => unseal('a/r/k', value.subarray(0, at))).toThrow('damaged')
      }),
    )
  })

  it('lies within its generation', () => {
    const { gte, lt } = generationRange('a')
    for (const key of [recordKey('a', '!'), recordKey('a', '~~'), sessionKey('a', '~')]) {
      expect(key > gte && key < lt).toBe(true)
    }
    for (const key of [recordKey('b', '!'), 'mark']) expect(key > gte && key < lt).toBe(false)
  })

  it('is counted and summed, in whatever order it came to be', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), checksum: fc.option(fc.nat(2 ** 32 - 1)) })
    fc.assert(
      fc.property(fc.array(step), (list) => {
        const ledger = newLedger()
        const model = new Map<string, number>()
        for (const { key, checksum } of list) {
          if (checksum === null) expect(ledger.delete(key)).toBe(model.delete(key))
          else {
            ledger.put(key, checksum)
            model.set(key, checksum)
          }
        }
        const sum = [...model.values()].reduce((all, one) => all + one, 0)
        expect(ledger.tally).toEqual({ count: model.size, sum })
      }),
    )
  })
})
