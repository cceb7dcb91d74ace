import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configurationOf, isVoter, leaveJoint, membersOf, towards } from './configuration.ts'
import { hasQuorum, quorumReached, voteResult } from './quorum.ts'
import type { Configuration, PeerId } from './types.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const someNames = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 7 })
const configurations = fc.record({ voters: someNames, outgoing: someNames }).map(
  ({ voters, outgoing }): Configuration => ({
    ...configurationOf(voters, []),
    votersOutgoing: configurationOf(outgoing, []).voters,
  }),
)

/** By counting subsets: whether these peers decide, of each half that has voters. */
function decides(configuration: Configuration, peers: ReadonlySet<PeerId>): boolean {
  const halves = [configuration.voters, configuration.votersOutgoing].filter((half) => half.length > 0)
  return halves.length > 0 && halves.every((half) => half.filter((id) => peers.has(id)).length * 2 > half.length)
}

describe('laws of quorums (thesis 3.2, 4.3)', () => {
  test('a quorum is a majority of each half', () => {
    fc.assert(
      fc.property(configurations, someNames, (configuration, chosen) => {
        const peers = new Set(chosen)
        expect(hasQuorum(configuration, (id) => peers.has(id))).toBe(decides(configuration, peers))
      }),
    )
  })

  test('two quorums of one configuration share a peer; so do quorums before, in and after a joint change', () => {
    fc.assert(
      fc.property(someNames, someNames, someNames, someNames, (from, to, one, other) => {
        fc.pre(from.length > 0 && to.length > 0)
        const old = configurationOf(from, [])
        const joint = towards(old, to, []) ?? old
        const steps = [old, joint, leaveJoint(joint)]
        for (let i = 0; i < steps.length - 1; i++) {
          const [a, b] = [new Set(one), new Set(other)]
          for (const first of steps.slice(i, i + 2)) {
            for (const second of steps.slice(i, i + 2)) {
              if (!decides(first, a) || !decides(second, b)) continue
              expect([...a].some((id) => b.has(id))).toBe(true)
            }
          }
        }
      }),
    )
  })

  test('what a quorum has reached is the most that a quorum has reached', () => {
    fc.assert(
      fc.property(configurations, fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }), (configuration, matches) => {
        const matchOf = (id: PeerId): number => matches[names.indexOf(id)] ?? 0
        const best = Math.max(
          0,
          ...matches.filter((index) => decides(configuration, new Set(names.filter((id) => matchOf(id) >= index)))),
        )
        expect(quorumReached(configuration, matchOf)).toBe(best)
      }),
    )
  })

  test('an election is won by a quorum of grants, lost when none can be had any more, else pending', () => {
    fc.assert(
      fc.property(
        configurations,
        fc.array(fc.option(fc.boolean()), { minLength: 7, maxLength: 7 }),
        (configuration, answers) => {
          const votes = new Map<PeerId, boolean>()
          for (const [i, answer] of answers.entries()) if (answer !== null) votes.set(names[i] ?? '', answer)
          const granted = new Set(names.filter((id) => votes.get(id) === true))
          const possible = new Set(names.filter((id) => votes.get(id) !== false))
          const empty = membersOf(configuration).length === 0
          const expected = decides(configuration, granted)
            ? 'won'
            : empty || decides(configuration, possible)
              ? 'pending'
              : 'lost'
          expect(voteResult(configuration, votes)).toBe(expected)
        },
      ),
    )
  })
})

describe('configurations', () => {
  const abc = configurationOf(['c', 'a', 'b', 'a'], ['b', 'd'])
  test('are sorted, without repeats, and a voter is no learner', () => {
    expect(abc).toEqual({ voters: ['a', 'b', 'c'], votersOutgoing: [], learners: ['d'] })
  })
  test('learners change at once, voters jointly', () => {
    expect(towards(abc, ['a', 'b', 'c'], [])).toEqual(configurationOf(['a', 'b', 'c'], []))
    expect(towards(abc, ['b', 'c', 'd'], ['a'])).toEqual({
      voters: ['b', 'c', 'd'],
      votersOutgoing: ['a', 'b', 'c'],
      learners: ['a'],
    })
    expect(towards(abc, ['c', 'b', 'a'], ['d'])).toBe(null)
  })
  test('who is leaving votes until the change is done', () => {
    const joint = { ...configurationOf(['b', 'c', 'd'], ['a']), votersOutgoing: ['a', 'b', 'c'] }
    expect(isVoter(joint, 'a')).toBe(true)
    expect(isVoter(leaveJoint(joint), 'a')).toBe(false)
    expect(membersOf(joint)).toEqual(['a', 'b', 'c', 'd'])
  })
})
