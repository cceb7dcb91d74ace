import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change } from './types.ts'
import { newChangeRing } from './watch.ts'

function change(revision: number, key: string, size = 10): Change {
  const version = { key, value: new Uint8Array(size), revision, createRevision: revision }
  return { key, revision, version, previous: null }
}

const roomy = { changesMax: 100, changeBytesMax: 1_000_000 }

describe('change ring', () => {
  it('answers by prefix, up to the limit, and says how far that is complete', () => {
    const ring = newChangeRing(10, roomy)
    for (const [i, key] of ['a/1', 'b/1', 'a/2', 'a/3', 'b/2'].entries()) ring.add(change(11 + i, key))
    const ask = (prefix: string, revision: number, limit: number) => {
      const found = ring.since(prefix, revision, limit)
      return found === 'compacted' ? found : [found.changes.map((c) => c.revision), found.through]
    }
    expect(ask('a/', 10, 9)).toEqual([[11, 13, 14], 15])
    expect(ask('a/', 10, 2)).toEqual([[11, 13], 13])
    expect(ask('a/', 13, 2)).toEqual([[14], 15])
    expect(ask('c/', 10, 2)).toEqual([[], 15])
    expect(ask('', 15, 2)).toEqual([[], 15])
    expect(ask('a/', 9, 2)).toBe('compacted')
    // A watcher that saw more elsewhere must not see it again here.
    expect(ask('a/', 20, 2)).toEqual([[], 20])
  })

  it('gives up the oldest, by count and by bytes', () => {
    const few = newChangeRing(0, { changesMax: 3, changeBytesMax: 1_000 })
    for (let revision = 1; revision <= 10; revision++) few.add(change(revision, 'k'))
    expect(few.floor).toBe(7)
    few.add(change(11, 'k', 990))
    expect(few.floor).toBe(9)
    expect(few.since('', 8, 9)).toBe('compacted')
    expect(few.since('', 9, 9)).toMatchObject({ through: 11, changes: [{ revision: 10 }, { revision: 11 }] })
  })

  it('knows nothing of before a reset', () => {
    const ring = newChangeRing(0, roomy)
    ring.add(change(1, 'k'))
    ring.reset(50)
    expect(ring.since('', 1, 9)).toBe('compacted')
    expect(ring.since('', 50, 9)).toEqual({ changes: [], through: 50 })
    ring.add(change(51, 'k'))
    expect(ring.since('', 50, 9)).toMatchObject({ through: 51 })
    expect(() => ring.add(change(53, 'k'))).toThrow('without a gap')
  })

  it('lets a watcher that goes on from `through` see every change of its prefix once, in order, or tells it', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), key: fc.constantFrom('a/1', 'a/2', 'b/1'), size: fc.nat(60) }),
      fc.record({ do: fc.constant('read' as const), limit: fc.integer({ min: 1, max: 4 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 12 }), (steps, changesMax) => {
        const ring = newChangeRing(0, { changesMax, changeBytesMax: 300 })
        const written: Change[] = []
        let at = 0
        let began = 0
        let seen: number[] = []
        for (const step of steps) {
          if (step.do === 'write') {
            const next = change(written.length + 1, step.key, step.size)
            written.push(next)
            ring.add(next)
            continue
          }
          const answer = ring.since('a/', at, step.limit)
          if (answer === 'compacted') {
            // As a client does: list, and watch from the revision of the list.
            expect(at).toBeLessThan(ring.floor)
            at = written.length
            began = at
            seen = []
          } else {
            seen.push(...answer.changes.map((c) => c.revision))
            expect(answer.through).toBeGreaterThanOrEqual(at)
            at = answer.through
          }
          const due = written.filter((c) => c.key.startsWith('a/') && c.revision > began && c.revision <= at)
          expect(seen).toEqual(due.map((c) => c.revision))
        }
      }),
      { numRuns: 300 },
    )
  })
})
