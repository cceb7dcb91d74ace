import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import {
  decodeConfiguration,
  decodeEntry,
  decodeHardState,
  decodeMark,
  decodeMessage,
  encodeConfiguration,
  encodeEntry,
  encodeHardState,
  encodeMark,
  encodeMessage,
  MalformedError,
} from './codec.ts'
import { configurationOf } from './configuration.ts'
import { type Entry, sealEntry } from './entry.ts'
import { emptyMark } from './log.ts'
import type { Message } from './message.ts'

const configuration = { ...configurationOf(['a', 'b', 'c'], ['d']), votersOutgoing: ['a', 'e'] }
const mark = { index: 2 ** 40, term: 7, timeMs: 1_800_000_000_000, configuration, hash: 'f'.repeat(32) }
const entries = entriesOf([3, 3, 4])

function entriesOf(terms: readonly number[]): Entry[] {
  const made: Entry[] = []
  let previous = 'a'.repeat(32)
  for (const [i, term] of terms.entries()) {
    const type = i === 1 ? 'configuration' : 'data'
    const data = i === 1 ? encodeConfiguration(configuration) : new Uint8Array([1, 2, i])
    const entry = sealEntry({ index: 10 + i, term, timeMs: 1_000 + i, type, data, previous })
    made.push(entry)
    previous = entry.hash
  }
  return made
}

const messages: readonly Message[] = [
  { type: 'vote', term: 3, pre: true, transfer: false, lastIndex: 2 ** 45, lastTerm: 2 },
  { type: 'voteReply', term: 3, pre: false, granted: true },
  { type: 'append', term: 5, prevIndex: 9, prevTerm: 3, prevHash: 'a'.repeat(32), entries, commit: 8 },
  { type: 'append', term: 5, prevIndex: 0, prevTerm: 0, prevHash: emptyMark.hash, entries: [], commit: 0 },
  { type: 'appendReply', term: 5, index: 12, refused: null },
  { type: 'appendReply', term: 5, index: 12, refused: { hintIndex: 0, hintTerm: 0 } },
  { type: 'heartbeat', term: 5, commit: 8, round: 4 },
  { type: 'heartbeatReply', term: 5, round: 4 },
  { type: 'snapshot', term: 5, transfer: 2, mark, offset: 512, data: new Uint8Array([9, 9]), checksum: null },
  { type: 'snapshot', term: 5, transfer: 2, mark, offset: 514, data: new Uint8Array(0), checksum: 'abc' },
  { type: 'snapshotReply', term: 5, transfer: 2, offset: 512, wanted: 514 },
  { type: 'timeoutNow', term: 5 },
  { type: 'propose', term: 5, data: [new Uint8Array([1]), new Uint8Array(0)] },
  { type: 'read', term: 5, token: 'x-1' },
  { type: 'readReply', term: 5, token: 'x-1', index: 12 },
]

test.each(messages)('$type comes back as it was', (message) => {
  expect(decodeMessage(encodeMessage(message))).toEqual(message)
})

test('records come back as they were, under their own key only', () => {
  const entry = must(entries[1], 'an entry')
  expect(decodeEntry('e/1', encodeEntry('e/1', entry))).toEqual(entry)
  expect(() => decodeEntry('e/2', encodeEntry('e/1', entry))).toThrow('checksum')
  expect(decodeMark('mark', encodeMark('mark', mark))).toEqual(mark)
  for (const votedFor of ['b', null]) {
    const state = { term: 4, votedFor, commit: 9 }
    expect(decodeHardState('state', encodeHardState('state', state))).toEqual(state)
  }
})

test('any flipped bit of a record is found', () => {
  const record = encodeEntry('e/1', must(entries[0], 'an entry'))
  fc.assert(
    fc.property(fc.nat(record.length * 8 - 1), (bit) => {
      const damaged = new Uint8Array(record)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => decodeEntry('e/1', damaged)).toThrow(MalformedError)
    }),
    { numRuns: 500 },
  )
})

test('bytes from anywhere are refused or understood, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (packet) => {
      try {
        decodeMessage(packet)
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('damaged packets are refused or understood, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.constantFrom(...messages), fc.nat(), fc.nat(255), fc.nat(), (message, at, value, cut) => {
      const packet = new Uint8Array(encodeMessage(message))
      packet[at % packet.length] = value
      try {
        decodeMessage(packet.subarray(0, cut % 3 === 0 ? cut % packet.length : packet.length))
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError)
      }
    }),
    { numRuns: 3_000 },
  )
})

describe('what is refused at the door', () => {
  const packr = new Packr({ useRecords: false })
  const append = (change: (entry: unknown[]) => void): unknown[] => {
    const fields = packr.unpack(encodeMessage(must(messages[2], 'an append'))) as unknown[]
    change(fields[7] as unknown[])
    return fields
  }
  const rows: readonly [what: string, value: unknown, says: RegExp][] = [
    ['another version', [2, 0, 1], /another version/],
    ['an unknown type', [1, 99, 1], /unknown type/],
    ['a missing field', [1, 0, 1, true, false, 1], /number is missing/],
    ['a negative number', [1, 5, 1, -1], /number is missing/],
    ['half a number', [1, 5, 1, 0.5], /number is missing/],
    ['a number beyond what can be counted', [1, 5, 1, 2 ** 60], /number is missing/],
    ['a long token', [1, 10, 1, 'x'.repeat(1_000)], /text is missing/],
    [
      'an entry whose data was changed',
      append((entry) => entry.splice(3, 1, new Uint8Array([7]))),
      /does not match its hash/,
    ],
    ['an entry of a term above the sender', append((entry) => entry.splice(0, 1, 99)), /does not match its hash/],
    ['no list', { term: 1 }, /list is missing/],
  ]
  test.each(rows)('%s', (_what, value, says) => {
    expect(() => decodeMessage(packr.pack(value))).toThrow(says)
  })

  test('an entry that goes back in term or time, or is above its leader, though its hash is right', () => {
    const first = sealEntry({
      index: 10,
      term: 3,
      timeMs: 50,
      type: 'data',
      data: new Uint8Array(1),
      previous: 'a'.repeat(32),
    })
    const next = { index: 11, type: 'data', data: new Uint8Array(1), previous: first.hash } as const
    for (const [term, timeMs] of [
      [2, 60],
      [3, 40],
      [9, 60],
    ] as const) {
      const second = sealEntry({ ...next, term, timeMs })
      const message: Message = {
        type: 'append',
        term: 5,
        prevIndex: 9,
        prevTerm: 3,
        prevHash: 'a'.repeat(32),
        entries: [first, second],
        commit: 0,
      }
      expect(() => decodeMessage(encodeMessage(message))).toThrow(/impossible term|back in time/)
    }
  })

  test('a configuration that is not sorted, or repeats a peer', () => {
    for (const voters of [
      ['b', 'a'],
      ['a', 'a'],
    ]) {
      expect(() => decodeConfiguration(packr.pack([1, voters, [], []]))).toThrow(/not sorted/)
    }
  })
})

test('a configuration has one form', () => {
  expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration)
  expect(encodeConfiguration(configuration)).toEqual(encodeConfiguration({ ...configuration }))
})
