import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { newRandom } from '../lib/random.ts'
import { configurationOf, noConfiguration } from './configuration.ts'
import { emptyMark, RaftLog } from './log.ts'
import type { StateImage } from './machine.ts'
import type { Message } from './message.ts'
import { raftDefaults } from './options.ts'
import { newRaft, type Raft } from './raft.ts'
import type { PeerId } from './types.ts'
import { drain, entriesOf, type Given, heartbeat, leader, peer, tell, ticks, to, vote } from './workbench.ts'

/**
 * Sections are those of the thesis; numbers in brackets count mistakes that Raft implementations are known for.
 */
describe('votes (thesis 3.4, 3.6.1, 3.8)', () => {
  const rows: readonly [what: string, given: Given, from: PeerId, request: Message, granted: boolean][] = [
    ['a new term', {}, 'b', vote({}), true],
    ['the term voted in already, for another', { term: 2, votedFor: 'c' }, 'b', vote({}), false],
    ['again from the same: its answer may be lost [3]', { term: 2, votedFor: 'b' }, 'b', vote({}), true],
    ['an older term', { term: 3 }, 'b', vote({}), false],
    ['a newer term frees the vote [2]', { term: 2, votedFor: 'c' }, 'b', vote({ term: 3 }), true],
    [
      'a longer log of an older term [4]',
      { terms: [1, 2], term: 2 },
      'b',
      vote({ term: 3, lastIndex: 9, lastTerm: 1 }),
      false,
    ],
    [
      'a shorter log of a newer term [4]',
      { terms: [1, 1, 1], term: 1 },
      'b',
      vote({ term: 3, lastIndex: 2, lastTerm: 2 }),
      true,
    ],
    ['a shorter log of the same term', { terms: [1, 1] }, 'b', vote({}), false],
    ['from a stranger: its configuration may be newer', {}, 'z', vote({}), true],
    ['by a learner: the candidate may know it as a voter [27]', { self: 'l' }, 'b', vote({}), true],
  ]
  test.each(rows)('%s', (_what, given, from, request, granted) => {
    const raft = peer(given)
    const [reply] = to(tell(raft, from, request), from, 'voteReply')
    expect(reply).toMatchObject({ pre: false, granted, term: Math.max(request.term, given.term ?? 0) })
    if (granted) expect(raft.hardState).toMatchObject({ term: request.term, votedFor: from })
  })

  test('a vote is on disk before its answer leaves [1]', () => {
    const raft = peer()
    raft.step('b', vote({}), 0)
    const ready = must(raft.ready(), 'a Ready')
    expect(ready).toMatchObject({ urgent: true, hardState: { term: 2, votedFor: 'b' }, early: [] })
    expect(ready.late.map((envelope) => envelope.message.type)).toEqual(['voteReply'])
  })

  test('votes of an earlier term do not count [6]', () => {
    const raft = peer()
    raft.campaign(0)
    tell(raft, 'b', { type: 'voteReply', term: 2, pre: true, granted: true })
    expect(raft.status()).toMatchObject({ role: 'candidate', term: 2 })
    raft.campaign(0)
    tell(raft, 'c', { type: 'voteReply', term: 2, pre: true, granted: true })
    expect(raft.status(), 'that was for term 2').toMatchObject({ role: 'precandidate', term: 2 })
    tell(raft, 'b', { type: 'voteReply', term: 3, pre: true, granted: true })
    expect(raft.status()).toMatchObject({ role: 'candidate', term: 3 })
    tell(raft, 'b', { type: 'voteReply', term: 2, pre: false, granted: true })
    tell(raft, 'b', { type: 'voteReply', term: 3, pre: true, granted: true })
    expect(raft.status().role).toBe('candidate')
    tell(raft, 'b', { type: 'voteReply', term: 3, pre: false, granted: true })
    expect(raft.status().role).toBe('leader')
  })

  test('one vote repeated is one vote', () => {
    const raft = peer({ configuration: configurationOf(['a', 'b', 'c', 'd', 'e'], []) })
    raft.campaign(0)
    for (let i = 0; i < 3; i++) tell(raft, 'b', { type: 'voteReply', term: 2, pre: true, granted: true })
    expect(raft.status().role).toBe('precandidate')
  })

  test('election timeouts are drawn anew from [14, 28) [9]', () => {
    const timeouts = new Set<number>()
    for (let seed = 0; seed < 60; seed++) {
      const log = new RaftLog(emptyMark, entriesOf([1]))
      const image = () => must<StateImage>(null, 'no image is asked for')
      const hardState = { term: 1, votedFor: null, commit: 1 }
      const raft = newRaft({ self: 'a', options: raftDefaults, random: newRandom(seed), hardState, log, image })
      let waited = 0
      while (raft.status().role === 'follower') {
        waited += 1
        ticks(raft, 1)
      }
      timeouts.add(waited)
    }
    expect(Math.min(...timeouts)).toBe(14)
    expect(Math.max(...timeouts)).toBe(27)
    expect(timeouts.size).toBeGreaterThan(10)
  })

  test('a peer without a configuration never campaigns', () => {
    const raft = peer({ terms: [], commit: 0, configuration: noConfiguration, term: 0 })
    expect(ticks(raft, 200)).toEqual([])
    expect(raft.status().role).toBe('follower')
  })
})

describe('pre-vote and check-quorum (thesis 9.6, 6.2, 4.2.3)', () => {
  test('asking raises no term [7]', () => {
    const raft = peer()
    raft.campaign(0)
    expect(to(drain(raft), 'b', 'vote')).toEqual([vote({ pre: true })])
    expect(raft.hardState).toMatchObject({ term: 1, votedFor: null })
    const other = peer()
    tell(other, 'b', vote({ pre: true, term: 9 }))
    expect(other.hardState).toMatchObject({ term: 1, votedFor: null })
  })

  const heard: readonly [what: string, stir: (raft: Raft) => void, granted: boolean][] = [
    ['the leader was heard', () => undefined, false],
    ['it was heard, but not for an election timeout', (raft) => void ticks(raft, 14), true],
    ['the connection to it closed, or it is said to be dead', (raft) => raft.hintDead('c', 0), true],
    ['somebody else is said to be dead', (raft) => raft.hintDead('b', 0), false],
    [
      'it was lost and heard again',
      (raft) => {
        raft.hintDead('c', 0)
        raft.step('c', heartbeat(1), 0)
      },
      false,
    ],
    [
      'it was lost, heard again, and silent since',
      (raft) => {
        raft.hintDead('c', 0)
        raft.step('c', heartbeat(1), 0)
        ticks(raft, 5)
      },
      true,
    ],
  ]
  test.each(heard)('a pre-vote when %s', (_what, stir, granted) => {
    const raft = peer()
    tell(raft, 'c', heartbeat(1))
    stir(raft)
    drain(raft)
    const replies = to(tell(raft, 'b', vote({ pre: true, lastIndex: 5 })), 'b', 'voteReply')
    expect(replies).toMatchObject([{ pre: true, granted }])
  })

  test('a vote request is not answered, nor its term taken up, while the leader is heard [26]', () => {
    const raft = peer()
    tell(raft, 'c', heartbeat(1))
    expect(tell(raft, 'b', vote({ term: 9, lastIndex: 9, lastTerm: 8 }))).toEqual([])
    expect(raft.hardState.term).toBe(1)
    expect(
      to(tell(raft, 'b', vote({ term: 9, lastIndex: 9, lastTerm: 8, transfer: true })), 'b', 'voteReply'),
    ).toMatchObject([{ granted: true }])
  })

  test('a leader that hears no majority steps down, and not before [8]', () => {
    const raft = leader()
    ticks(raft, 13)
    expect(raft.status().role).toBe('leader')
    ticks(raft, 1)
    expect(raft.status()).toMatchObject({ role: 'follower', leader: null, term: 2 })
  })

  test('a leader that hears one of two others stays', () => {
    const raft = leader()
    for (let i = 0; i < 10; i++) {
      ticks(raft, 10)
      tell(raft, 'c', { type: 'heartbeatReply', term: 2, round: 0 })
    }
    expect(raft.status()).toMatchObject({ role: 'leader', active: ['a', 'c'] })
  })

  test('a leader of the past learns that it is one [8]', () => {
    const raft = peer({ term: 5 })
    expect(tell(raft, 'b', heartbeat(3))).toMatchObject([{ to: 'b', message: { type: 'heartbeatReply', term: 5 } }])
    const old = leader()
    tell(old, 'b', { type: 'heartbeatReply', term: 5, round: 0 })
    expect(old.status()).toMatchObject({ role: 'follower', term: 5, leader: null })
  })

  test('pre-candidates of equal logs: the first by name goes on, the other gives way', () => {
    const first = peer({ self: 'a' })
    first.campaign(0)
    drain(first)
    expect(tell(first, 'b', vote({ pre: true }))).toEqual([{ to: 'b', message: vote({ pre: true }) }])
    const second = peer({ self: 'b' })
    second.campaign(0)
    drain(second)
    expect(to(tell(second, 'a', vote({ pre: true })), 'a', 'voteReply')).toMatchObject([{ granted: true }])
    expect(second.status().role).toBe('follower')
  })
})
