import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { configurationOf } from './configuration.ts'
import { sealEntry } from './entry.ts'
import type { Message } from './message.ts'
import type { Raft } from './raft.ts'
import type { PeerId } from './types.ts'
import { append, bytes, drain, entriesOf, heartbeat, leader, peer, tell, three, to } from './workbench.ts'

/**
 * Sections are those of the thesis; numbers in brackets count mistakes that Raft implementations are known for.
 */
describe('commit (thesis 3.6.2)', () => {
  test('a new leader appends an empty entry [13], and commits nothing of earlier terms by itself [12]', () => {
    const raft = leader({ terms: [1, 1, 1] }, false)
    expect(raft.log.entry(4)).toMatchObject({ term: 2, type: 'empty' })
    tell(raft, 'b', { type: 'appendReply', term: 2, index: 3, refused: null })
    tell(raft, 'c', { type: 'appendReply', term: 2, index: 3, refused: null })
    expect(raft.log.commit).toBe(1)
    tell(raft, 'c', { type: 'appendReply', term: 2, index: 4, refused: null })
    expect(raft.log.commit).toBe(4)
  })

  test("the leader's own copy counts once it is on disk", () => {
    const raft = leader()
    raft.propose(bytes('x'), 0)
    const ready = must(raft.ready(), 'a Ready')
    expect(to(ready.early, 'b', 'append'), 'sent before its own write').toHaveLength(1)
    expect(raft.log.commit).toBe(2)
    raft.advance(ready)
    drain(raft)
    expect(raft.log.commit, 'one of three').toBe(2)
    tell(raft, 'b', { type: 'appendReply', term: 2, index: 3, refused: null })
    expect(raft.log.commit).toBe(3)
  })

  test('an answer repeated counts once, an old one changes nothing [53]', () => {
    const raft = peer({ configuration: configurationOf(['a', 'b', 'c', 'd', 'e'], []) })
    raft.campaign(0)
    for (const pre of [true, false]) {
      for (const id of ['b', 'c']) tell(raft, id, { type: 'voteReply', term: 2, pre, granted: true })
    }
    const agrees = (index: number): Message => ({ type: 'appendReply', term: 2, index, refused: null })
    for (let i = 0; i < 3; i++) tell(raft, 'b', agrees(2))
    expect(raft.log.commit).toBe(1)
    tell(raft, 'c', agrees(2))
    tell(raft, 'b', agrees(1))
    raft.propose(bytes('x'), 0)
    drain(raft)
    expect(raft.log.commit).toBe(2)
  })

  test('time never goes back along the log', () => {
    const raft = leader()
    for (const nowMs of [5_000, 4_000, 6_000.7]) raft.propose(bytes('x'), nowMs)
    expect([3, 4, 5].map((index) => raft.log.entry(index)?.timeMs)).toEqual([5_000, 5_000, 6_000])
  })
})

describe('limits', () => {
  test('what a peer passes on is not taken when it is too large to be sent on', () => {
    const raft = leader({ options: { entryBytesMax: 100 } })
    const last = raft.log.lastIndex
    tell(raft, 'b', { type: 'propose', term: 2, data: [new Uint8Array(101), new Uint8Array(100)] })
    expect(raft.log.lastIndex).toBe(last + 1)
  })

  test('what is not committed is bounded; committing frees it [21, 57]', () => {
    const raft = leader({ options: { uncommittedBytesMax: 1_000 } })
    let taken = 0
    while (raft.propose(new Uint8Array(100), 0)) taken += 1
    expect(taken).toBe(6)
    tell(raft, 'b', { type: 'appendReply', term: 2, index: raft.log.lastIndex, refused: null })
    expect(raft.propose(new Uint8Array(100), 0)).toBe(true)
  })

  test('one entry is accepted even if it alone is too large', () => {
    const raft = leader({ options: { uncommittedBytesMax: 10 } })
    expect(raft.propose(new Uint8Array(100), 0)).toBe(true)
    expect(raft.propose(new Uint8Array(1), 0)).toBe(false)
  })

  test('messages are cut by bytes and by count, at least one entry each', () => {
    const raft = leader({ options: { messageBytesMax: 300, messageEntriesMax: 3 } })
    for (const size of [10, 10, 10, 10, 200, 200, 1_000]) raft.propose(new Uint8Array(size), 0)
    const sent = to(drain(raft), 'b', 'append').map((message) =>
      message.type === 'append' ? message.entries.length : 0,
    )
    expect(sent).toEqual([3, 1, 1, 1, 1].slice(0, sent.length))
    expect(sent.reduce((sum, count) => sum + count, 0)).toBe(7)
  })

  test('proposals go one hop to the leader, many in a message', () => {
    const raft = peer({ self: 'b' })
    expect(raft.propose(bytes('x'), 0), 'no leader is known').toBe(false)
    tell(raft, 'a', heartbeat(1))
    for (const text of ['x', 'y']) expect(raft.propose(bytes(text), 0)).toBe(true)
    const sent = to(drain(raft), 'a', 'propose')
    expect(sent).toEqual([{ type: 'propose', term: 1, data: [bytes('x'), bytes('y')] }])
    expect(tell(raft, 'c', must(sent[0], 'a message')), 'not passed on').toEqual([])
  })
})

describe('membership (thesis 4)', () => {
  test('no change before something of this term is committed [23], none while one is in flight [25]', () => {
    const raft = leader({}, false)
    expect(raft.proposeConfiguration(['a', 'b'], ['c'], 0)).toBe(false)
    tell(raft, 'b', { type: 'appendReply', term: 2, index: 2, refused: null })
    expect(raft.proposeConfiguration(['a', 'b', 'c'], [], 0), 'it is in force already').toBe(false)
    expect(raft.proposeConfiguration(['a', 'b', 'c'], ['d'], 0)).toBe(true)
    expect(raft.status().configuration.learners, 'in force when appended [24]').toEqual(['d'])
    expect(raft.proposeConfiguration(['a', 'b', 'c'], [], 0)).toBe(false)
  })

  test('a joint configuration is left by itself once it is committed by both halves', () => {
    const raft = leader({ configuration: configurationOf(['a', 'b', 'c'], ['d', 'e']) })
    for (const id of ['d', 'e']) tell(raft, id, { type: 'appendReply', term: 2, index: 2, refused: null })
    expect(raft.proposeConfiguration(['a', 'd', 'e'], [], 0)).toBe(true)
    drain(raft)
    expect(raft.status().configuration).toEqual({
      voters: ['a', 'd', 'e'],
      votersOutgoing: ['a', 'b', 'c'],
      learners: [],
    })
    tell(raft, 'b', { type: 'appendReply', term: 2, index: 3, refused: null })
    expect(raft.log.commit, 'only the old half').toBe(2)
    tell(raft, 'd', { type: 'appendReply', term: 2, index: 3, refused: null })
    expect(raft.log.commit).toBe(3)
    expect(raft.status().configuration).toEqual(configurationOf(['a', 'd', 'e'], []))
  })

  test('who has not caught up is not made a voter', () => {
    const raft = leader({ configuration: configurationOf(['a', 'b', 'c'], ['d']) })
    expect(raft.proposeConfiguration(['a', 'b', 'd'], [], 0), 'never heard').toBe(false)
    expect(raft.proposeConfiguration(['a', 'b', 'z'], [], 0), 'unknown').toBe(false)
    tell(raft, 'd', { type: 'appendReply', term: 2, index: 2, refused: null })
    expect(raft.proposeConfiguration(['a', 'b', 'd'], [], 0)).toBe(true)
  })

  test('a change that is truncated is undone', () => {
    const raft = leader()
    raft.proposeConfiguration(['a', 'b', 'c'], ['d'], 0)
    drain(raft)
    tell(raft, 'b', append(3, must(raft.log.entry(2), 'an entry'), entriesOf([1, 2, 3], three).slice(0, 0)))
    const other = sealEntry({
      index: 3,
      term: 3,
      timeMs: 0,
      type: 'empty',
      data: new Uint8Array(0),
      previous: raft.log.hashAt(2),
    })
    tell(raft, 'b', append(3, must(raft.log.entry(2), 'an entry'), [other]))
    expect(raft.status().configuration).toEqual(three)
  })

  test('a leader never empties the electorate', () => {
    expect(leader().proposeConfiguration([], ['a', 'b', 'c'], 0)).toBe(false)
  })
})

describe('reads (thesis 6.4)', () => {
  function answer(raft: Raft, from: PeerId, round: number): { readonly token: string; readonly index: number }[] {
    raft.step(from, { type: 'heartbeatReply', term: 2, round }, 0)
    const reads: { readonly token: string; readonly index: number }[] = []
    for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
      reads.push(...ready.reads)
      raft.advance(ready)
    }
    return reads
  }

  test('many reads share a round; an answer to an older round does not confirm them [39]', () => {
    const raft = leader()
    raft.readIndex('one')
    raft.readIndex('two')
    expect(to(drain(raft), 'b', 'heartbeat')).toMatchObject([{ round: 1 }])
    raft.readIndex('three')
    drain(raft)
    expect(answer(raft, 'b', 1)).toEqual([
      { token: 'one', index: 2 },
      { token: 'two', index: 2 },
    ])
    expect(answer(raft, 'c', 1)).toEqual([])
    expect(answer(raft, 'c', 2)).toEqual([{ token: 'three', index: 2 }])
  })

  test('none before the leader has committed in its term [38]', () => {
    const raft = leader({ terms: [1, 1] }, false)
    raft.readIndex('early')
    expect(to(drain(raft), 'b', 'heartbeat')).toEqual([])
    tell(raft, 'b', { type: 'appendReply', term: 2, index: 3, refused: null })
    expect(answer(raft, 'b', 1)).toEqual([{ token: 'early', index: 3 }])
  })

  test('a deposed leader answers nobody [37]', () => {
    const raft = leader()
    raft.readIndex('x')
    drain(raft)
    tell(raft, 'b', heartbeat(3))
    expect(answer(raft, 'b', 1)).toEqual([])
    expect(answer(raft, 'c', 1)).toEqual([])
  })

  test('a follower asks its leader; without one it says so', () => {
    const raft = peer({ self: 'b' })
    expect(raft.readIndex('x')).toBe(false)
    tell(raft, 'a', heartbeat(1))
    expect(raft.readIndex('x')).toBe(true)
    expect(to(drain(raft), 'a', 'read')).toEqual([{ type: 'read', term: 1, token: 'x' }])
  })

  test('more than readsMax are dropped', () => {
    const raft = leader({ options: { readsMax: 2 } })
    expect(['x', 'y', 'z'].map((token) => raft.readIndex(token))).toEqual([true, true, false])
  })
})

describe('transfer (thesis 3.10)', () => {
  test('the heir is asked once it has everything, and nothing is appended meanwhile [41]', () => {
    const raft = leader()
    raft.transferLeadership('c')
    expect(to(drain(raft), 'c', 'timeoutNow')).toEqual([])
    expect(raft.propose(bytes('x'), 0)).toBe(false)
    expect(
      to(tell(raft, 'c', { type: 'appendReply', term: 2, index: 2, refused: null }), 'c', 'timeoutNow'),
    ).toHaveLength(1)
    expect(raft.propose(bytes('x'), 0)).toBe(false)
  })

  test('only the leader of the term may ask for an election, and only a voter starts one', () => {
    const raft = peer({ self: 'b' })
    tell(raft, 'a', heartbeat(1))
    tell(raft, 'c', { type: 'timeoutNow', term: 1 })
    expect(raft.status().role).toBe('follower')
    tell(raft, 'a', { type: 'timeoutNow', term: 1 })
    expect(raft.status()).toMatchObject({ role: 'candidate', term: 2 })
    const learner = peer({ self: 'l' })
    tell(learner, 'a', heartbeat(1), { type: 'timeoutNow', term: 1 })
    expect(learner.status().role).toBe('follower')
  })
})
