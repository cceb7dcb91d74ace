import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideVoters, type Membership, type VoterCandidate, type VotersInput } from './voters.ts'

/** `a`: alive. `b?`: away for a short while. `c!`: away for long. `d@z`: in zone z. */
function member(text: string): VoterCandidate {
  const [who = '', zone = ''] = text.split('@')
  const identity = who.replace(/[?!]$/, '')
  return { identity, zone, alive: identity === who, absent: who.endsWith('!') }
}

function input(members: string, voters: string, learners: string, leader = 'a'): VotersInput {
  const list = (text: string): string[] => text.split(' ').filter((each) => each !== '')
  return {
    members: list(members).map(member),
    configuration: { voters: list(voters), votersOutgoing: [], learners: list(learners) },
    leader,
  }
}

describe('who votes', () => {
  const rows: readonly [string, string, string, string, string | null, string?][] = [
    // what, members, voters, learners -> voters, learners
    ['one node votes alone', 'a', 'a', '', null],
    ['a second learns', 'a b', 'a', '', 'a', 'b'],
    ['and only learns', 'a b', 'a', 'b', null],
    ['a third learns first', 'a b c', 'a', 'b', 'a', 'b c'],
    ['then three vote', 'a b c', 'a', 'b c', 'a b c', ''],
    ['but not while one of them is away', 'a b c?', 'a', 'b c', null],
    ['a fourth learns', 'a b c d', 'a b c', '', 'a b c', 'd'],
    ['five vote', 'a b c d e', 'a b c', 'd e', 'a b c d e', ''],
    ['and no more than five', 'a b c d e f g', 'a b c d e', 'f g', null],
    ['a short absence changes nothing', 'a b c? d', 'a b c', 'd', null],
    ['a long one gives the place away', 'a b c! d', 'a b c', 'd', 'a b d', 'c'],
    ['to someone who lives', 'a b c! d!', 'a b c', 'd', null],
    ['the dead stay where there is nobody else', 'a b c!', 'a b c', '', null],
    ['three of five are dead: the count stays', 'a b c! d! e!', 'a b c d e', '', null],
    ['who is back only learns', 'a b c d', 'a b d', 'c', null],
    ['a removed voter is replaced', 'a b d', 'a b c', 'd', 'a b d', ''],
    ['or the number shrinks, and stays odd', 'a b', 'a b c', '', 'a', 'b'],
    ['the dead go first when it shrinks', 'a b! c d', 'a b c d e', '', 'a c d', 'b'],
    ['a removed learner is let go', 'a b c', 'a b c', 'd', 'a b c', ''],
    ['an even number is made odd', 'a b', 'a b', '', 'a', 'b'],
    ['new voters are spread over zones', 'a@x b@x c@x d@y e@z', 'a', 'b c d e', 'a b c d e', ''],
    ['three of four, from three zones', 'a@x b@x c@y d@z', 'a', 'b c d', 'a c d', 'b'],
    ['a crowded zone gives one place away', 'a@x b@x c@x d@y', 'a b c', 'd', 'a b d', 'c'],
    ['but not to the dead', 'a@x b@x c@x d!@y', 'a b c', 'd', null],
    ['and not for nothing', 'a@x b@x c@y d@y', 'a b c', 'd', null],
    ['who is away goes first, too, when it shrinks', 'a b? c? d', 'a b c d e', '', 'a b d', 'c'],
    ['a leader that was removed gives its place away', 'b c d', 'a b c', 'd', 'b c d', ''],
    ['or leaves fewer', 'b c', 'a b c', '', 'b', 'c'],
    ['the heard before the others', 'b? c', 'a b c', '', 'c', 'b'],
    ['or leaves all to a learner', 'b', 'a', 'b', 'b', ''],
    ['but never to the dead', 'b!', 'a', 'b', null],
    ['nor to those who are away', 'b? c? d? e', 'a b c d', '', null],
  ]
  it.each(rows)('%s', (_what, members, voters, learners, expected, rest = '') => {
    const given = input(members.replaceAll(/(\w)@(\w)/g, '$1@$2'), voters, learners)
    const list = (text: string): string[] => text.split(' ').filter((each) => each !== '')
    const membership = expected === null ? null : { voters: list(expected), learners: list(rest) }
    expect(decideVoters(given)).toEqual(membership)
  })

  it('waits while a change is under way', () => {
    const given = input('a b c', 'a', 'b c')
    expect(decideVoters({ ...given, configuration: { ...given.configuration, votersOutgoing: ['a', 'b'] } })).toBeNull()
  })

  const identities = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const cluster = fc.record({
    members: fc.subarray(identities.slice(1)),
    voters: fc.subarray(identities.slice(1)),
    learners: fc.subarray(identities.slice(1)),
    states: fc.array(fc.constantFrom('alive', 'away', 'absent'), { minLength: 8, maxLength: 8 }),
    zones: fc.array(fc.constantFrom('', 'x', 'y', 'z'), { minLength: 8, maxLength: 8 }),
  })

  it('keeps its laws whatever comes, and comes to rest', () => {
    fc.assert(
      fc.property(cluster, ({ members, voters, learners, states, zones }) => {
        const given: VotersInput = {
          members: ['a', ...members].map((identity) => {
            const state = identity === 'a' ? 'alive' : states[identities.indexOf(identity)]
            const zone = zones[identities.indexOf(identity)] ?? ''
            return { identity, zone, alive: state === 'alive', absent: state === 'absent' }
          }),
          configuration: {
            voters: ['a', ...voters],
            votersOutgoing: [],
            learners: learners.filter((each) => !voters.includes(each)),
          },
          leader: 'a',
        }
        let at = given
        let rounds = 0
        for (let next = decideVoters(at); next !== null; next = decideVoters(at)) {
          check(at, next)
          at = { ...at, configuration: { ...next, votersOutgoing: [] } }
          expect(++rounds).toBeLessThan(12)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

function check({ members, configuration }: VotersInput, next: Membership): void {
  const known = members.map(({ identity }) => identity).sort()
  const alive = new Set(members.filter((each) => each.alive).map(({ identity }) => identity))
  const living = (list: readonly string[]): number => list.filter((identity) => alive.has(identity)).length
  expect([1, 3, 5, 7]).toContain(next.voters.length)
  expect(next.voters).toContain('a')
  expect([...next.voters, ...next.learners].sort()).toEqual(known)
  const kept = configuration.voters.filter((identity) => known.includes(identity))
  // Only removing a node shrinks it, and the dead are no reason.
  if (kept.length === configuration.voters.length) {
    expect(next.voters.length).toBeGreaterThanOrEqual(kept.length - (kept.length % 2 === 0 ? 1 : 0))
  }
  // Whoever votes now and lives keeps on counting: never fewer of the living than before, unless it shrinks.
  if (next.voters.length >= kept.length) expect(living(next.voters)).toBeGreaterThanOrEqual(living(kept))
  // A majority of those who live votes with a majority, wherever it did before.
  const had = living(kept) * 2 > kept.length
  if (had && next.voters.length >= kept.length) {
    const newcomers = next.voters.filter((identity) => !kept.includes(identity))
    expect(newcomers.every((identity) => alive.has(identity))).toBe(true)
    expect(living(next.voters) * 2).toBeGreaterThan(next.voters.length)
  }
}
