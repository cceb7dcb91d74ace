import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newSessions, type Range, wasApplied, withRange } from './sessions.ts'

const mark = (origin: string, sequence: number, acked = 1, since = 0) => ({ origin, sequence, acked, since })

describe('sessions', () => {
  it('knows a repeat, in whatever order things come', () => {
    const sessions = newSessions()
    expect(sessions.admit(mark('a', 2), 1).type).toBe('new')
    expect(sessions.admit(mark('a', 1), 2).type).toBe('new')
    expect(sessions.admit(mark('a', 2), 3).type).toBe('repeat')
    expect(sessions.admit(mark('b', 2), 4).type).toBe('new')
    expect(sessions.admit(mark('a', 4, 4), 5).type).toBe('new')
    // Below `acked`: settled for its proposer, whether it was applied or not, so it must never happen now.
    expect(sessions.admit(mark('a', 3), 6).type).toBe('repeat')
    expect(sessions.get('a')).toEqual({ origin: 'a', lastIndex: 6, applied: [[0, 5]] })
  })

  it('forgets the session that was used least recently, and never takes it for a new one', () => {
    const sessions = newSessions([], 0, 2)
    sessions.admit(mark('a', 1, 1, 0), 10)
    sessions.admit(mark('b', 1, 1, 5), 11)
    sessions.admit(mark('a', 2, 1, 0), 12)
    expect(sessions.admit(mark('c', 1, 1, 12), 13)).toEqual({ type: 'new', touched: 'c', forgotten: 'b' })
    expect(sessions.forgottenThrough).toBe(11)
    expect(sessions.admit(mark('b', 1, 1, 5), 14)).toEqual({ type: 'expired', touched: null, forgotten: null })
    // New for certain, though it began before others were last used; but not if a forgotten one could look like it.
    expect(sessions.admit(mark('d', 1, 1, 10), 15).type).toBe('expired')
    expect(sessions.admit(mark('e', 1, 1, 11), 16)).toEqual({ type: 'new', touched: 'e', forgotten: 'a' })
    expect(sessions.all().map(({ origin }) => origin)).toEqual(['c', 'e'])
  })

  it('goes on from its stored form', () => {
    const first = newSessions([], 0, 2)
    first.admit(mark('a', 1), 1)
    first.admit(mark('b', 1), 2)
    const second = newSessions(first.all(), first.forgottenThrough, 2)
    expect(second.admit(mark('a', 1), 3).type).toBe('repeat')
    expect(second.admit(mark('c', 1, 1, 3), 4).forgotten).toBe('b')
  })

  it('applies each proposal at most once, however the log repeats and however few sessions it keeps', () => {
    // Proposers begin when they have applied some of the log; everything they propose comes later, perhaps repeatedly.
    const entry = fc.record({ who: fc.integer({ min: 0, max: 5 }), pick: fc.nat(8), fresh: fc.boolean() })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (entries, countMax) => {
        const sessions = newSessions([], 0, countMax)
        const sent = new Map<number, { since: number; proposals: ReturnType<typeof mark>[] }>()
        const applied = new Set<string>()
        for (const [i, { who, pick, fresh }] of entries.entries()) {
          const index = i + 1
          const proposer = sent.get(who) ?? { since: i, proposals: [] }
          sent.set(who, proposer)
          const sequence = proposer.proposals.length + 1
          const again = proposer.proposals[pick % Math.max(1, proposer.proposals.length)]
          const proposal =
            fresh || again === undefined ? mark(`p${who}`, sequence, 1 + (pick % sequence), proposer.since) : again
          if (proposal !== again) proposer.proposals.push(proposal)
          const { type } = sessions.admit(proposal, index)
          if (type !== 'new') continue
          const name = `${proposal.origin} ${proposal.sequence}`
          expect(applied.has(name)).toBe(false)
          applied.add(name)
          expect(sessions.all().length).toBeLessThanOrEqual(countMax)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('ranges', () => {
  it('hold exactly what was put in, joined', () => {
    const range = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 9 }))
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), (list) => {
        let ranges: readonly Range[] = []
        const model = new Set<number>()
        for (const [from, length] of list) {
          ranges = withRange(ranges, [from, from + length])
          for (let n = from; n < from + length; n++) model.add(n)
          for (let n = 0; n < 60; n++) expect(wasApplied(ranges, n)).toBe(model.has(n))
          for (const [i, one] of ranges.entries()) expect(one[0]).toBeGreaterThan(ranges[i - 1]?.[1] ?? -1)
        }
      }),
    )
  })
})
