import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { configurationOf } from './configuration.ts'
import type { AppendRequest, Envelope, Message } from './message.ts'
import { sliceHash } from './outgoing.ts'
import { append, bytes, drain, entriesOf, heartbeat, peer, tell, to } from './workbench.ts'

/**
 * Sections are those of the thesis; numbers in brackets count mistakes that Raft implementations are known for.
 */
describe('AppendEntries (thesis 3.5)', () => {
  const mine = entriesOf([1, 1, 2, 2])
  const rows: readonly [
    what: string,
    request: AppendRequest,
    index: number,
    refused: object | null,
    terms: readonly number[],
  ][] = [
    [
      'what follows is appended',
      append(3, mine[3] ?? null, entriesOf([1, 1, 2, 2, 3]).slice(4)),
      5,
      null,
      [1, 1, 2, 2, 3],
    ],
    [
      'what is held already changes nothing, nor what follows it [14]',
      append(3, mine[0] ?? null, mine.slice(1, 2)),
      2,
      null,
      [1, 1, 2, 2],
    ],
    ['an empty one agrees to what is before it', append(3, mine[2] ?? null, []), 3, null, [1, 1, 2, 2]],
    ['a conflict truncates from there', append(3, mine[1] ?? null, entriesOf([1, 1, 3]).slice(2)), 3, null, [1, 1, 3]],
    [
      'a gap is refused',
      append(3, { ...must(mine[3], 'an entry'), index: 9 }, []),
      9,
      { hintIndex: 4, hintTerm: 2 },
      [1, 1, 2, 2],
    ],
    [
      'another term before is refused, and whole terms are skipped',
      append(3, { ...must(mine[3], 'an entry'), term: 1 }, []),
      4,
      { hintIndex: 2, hintTerm: 1 },
      [1, 1, 2, 2],
    ],
    [
      'from before what is committed: the commit index is the answer [32]',
      append(3, null, mine.slice(0, 1)),
      1,
      null,
      [1, 1, 2, 2],
    ],
  ]
  test.each(rows)('%s', (_what, request, index, refused, terms) => {
    const raft = peer({ self: 'b', terms: [1, 1, 2, 2], term: 2 })
    expect(to(tell(raft, 'a', request), 'a', 'appendReply')).toEqual([{ type: 'appendReply', term: 3, index, refused }])
    const held = Array.from({ length: raft.log.lastIndex }, (_, i) => raft.log.termAt(i + 1))
    expect(held).toEqual(terms)
  })

  test('the commit index counts only as far as the entries agree [15]', () => {
    const raft = peer({ self: 'b', terms: [1, 1, 2, 2], term: 2 })
    tell(raft, 'a', append(3, mine[0] ?? null, mine.slice(1, 2), 4))
    expect(raft.log.commit).toBe(2)
  })

  test('the answer waits for the disk [16]', () => {
    const raft = peer({ self: 'b' })
    tell(raft, 'a', heartbeat(1))
    raft.step('a', append(1, must(raft.log.entry(1), 'an entry'), entriesOf([1, 1]).slice(1)), 0)
    const ready = must(raft.ready(), 'a Ready')
    expect(ready.early).toEqual([])
    expect(ready.entries).toHaveLength(1)
    expect(ready.late).toMatchObject([{ message: { type: 'appendReply', index: 2 } }])
  })

  test('what is committed is never truncated [18], and another history at an agreed place is a bug', () => {
    const raft = peer({ self: 'b', terms: [1, 1, 2, 2], term: 2, commit: 4 })
    tell(raft, 'a', append(3, mine[1] ?? null, entriesOf([1, 1, 3]).slice(2)))
    expect(raft.log.lastIndex).toBe(4)
    const forged = { ...must(mine[3], 'an entry'), hash: 'f'.repeat(32) }
    expect(() => tell(raft, 'a', append(3, forged, []))).toThrow('agree in everything before')
  })

  test('entries of one term from two leaders are a bug', () => {
    const raft = peer({ self: 'b' })
    tell(raft, 'a', heartbeat(1))
    expect(() => tell(raft, 'c', heartbeat(1))).toThrow('one leader a term')
  })
})

describe('snapshots (thesis 5.3)', () => {
  const hash = 'e'.repeat(32)
  const mark = { index: 9, term: 2, timeMs: 0, configuration: configurationOf(['a', 'b', 'c'], ['d']), hash }
  const slice = (fields: Partial<Extract<Message, { type: 'snapshot' }>>): Message => {
    return { type: 'snapshot', term: 2, transfer: 1, mark, offset: 0, data: bytes('one'), checksum: null, ...fields }
  }
  const wanted = (sent: readonly Envelope[]): unknown => {
    const message = sent.find((envelope) => envelope.message.type === 'snapshotReply')?.message
    return message?.type === 'snapshotReply' ? message.wanted : null
  }
  const checksum = sliceHash(sliceHash('', bytes('one')), bytes('three'))

  test('slices come in order; repeated and overtaken ones change nothing; the whole is installed with its members [33]', () => {
    const raft = peer({ self: 'b' })
    expect(wanted(tell(raft, 'a', slice({ offset: 3, data: bytes('three') })))).toBe(0)
    expect(wanted(tell(raft, 'a', slice({})))).toBe(3)
    expect(wanted(tell(raft, 'a', slice({})))).toBe(3)
    expect(wanted(tell(raft, 'a', slice({ offset: 3, data: bytes('three') })))).toBe(8)
    raft.step('a', slice({ offset: 8, data: bytes(''), checksum }), 0)
    const ready = must(raft.ready(), 'a Ready')
    expect(ready.snapshot).toEqual({ mark, slices: [bytes('one'), bytes('three')] })
    expect(ready.late).toMatchObject([{ message: { type: 'appendReply', index: 9, refused: null } }])
    raft.advance(ready)
    expect(raft.status()).toMatchObject({
      commitIndex: 9,
      appliedIndex: 9,
      lastIndex: 9,
      configuration: mark.configuration,
    })
  })

  test('one that does not give its checksum is thrown away', () => {
    const raft = peer({ self: 'b' })
    tell(raft, 'a', slice({}))
    expect(wanted(tell(raft, 'a', slice({ offset: 3, data: bytes(''), checksum: 'other' })))).toBe(0)
    expect(raft.log.lastIndex).toBe(1)
  })

  test('a newer attempt replaces an older one, an older one is not answered [31]', () => {
    const raft = peer({ self: 'b' })
    tell(raft, 'a', slice({ transfer: 2 }))
    expect(tell(raft, 'a', slice({ transfer: 1 }))).toEqual([])
    expect(wanted(tell(raft, 'a', slice({ transfer: 3, data: bytes('other') })))).toBe(5)
  })

  test('one that is older than what is committed is answered with the commit index [30]', () => {
    const raft = peer({ self: 'b', terms: [1, 1, 1], commit: 3, term: 2 })
    const old = { ...mark, index: 2, term: 1 }
    const sent = tell(
      raft,
      'a',
      slice({ mark: old }),
      slice({ mark: old, offset: 3, data: bytes(''), checksum: sliceHash('', bytes('one')) }),
    )
    expect(to(sent, 'a', 'appendReply')).toMatchObject([{ index: 3 }, { index: 3 }])
    expect(raft.log.lastIndex).toBe(3)
  })

  test('a log that holds all of it keeps what it has beyond', () => {
    const raft = peer({ self: 'b', terms: [1, 1, 1], term: 2 })
    const held = { ...mark, index: 2, term: 1, hash: raft.log.hashAt(2) }
    tell(
      raft,
      'a',
      slice({ mark: held }),
      slice({ mark: held, offset: 3, data: bytes(''), checksum: sliceHash('', bytes('one')) }),
    )
    expect(raft.status()).toMatchObject({ commitIndex: 2, lastIndex: 3 })
  })

  test('a candidate takes one from the leader of its term [10]', () => {
    const raft = peer({ self: 'b', term: 2 })
    raft.campaign(0)
    drain(raft)
    expect(wanted(tell(raft, 'a', slice({})))).toBe(3)
    expect(raft.status()).toMatchObject({ role: 'follower', leader: 'a' })
  })
})
