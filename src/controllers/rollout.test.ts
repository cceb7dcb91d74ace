import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bounds, boundsOf, type Part, proportions, rollingStep } from './rollout.ts'

describe('the bounds of a rollout', () => {
  it.each<[number, number | string | undefined, number | string | undefined, number, number]>([
    [10, undefined, undefined, 3, 2],
    [3, '25%', '25%', 1, 0],
    [4, '25%', '25%', 1, 1],
    [10, 3, 2, 3, 2],
    [10, 0, 0, 0, 1],
    [1, '0%', '25%', 0, 1],
    [0, '25%', '25%', 0, 0],
    [5, '100%', '200%', 5, 5],
  ])('of %d with surge %s and unavailable %s', (desired, maxSurge, maxUnavailable, surge, unavailable) => {
    expect(boundsOf(desired, maxSurge, maxUnavailable)).toEqual({ desired, surge, unavailable })
  })
})

const part = (wanted: number, available = wanted, pods = wanted): Part => ({ wanted, pods, available })

describe('a step of a rollout', () => {
  it.each<[string, Bounds, Part, readonly Part[], number, readonly number[]]>([
    [
      'begins with what may be too many and what may be missing',
      { desired: 10, surge: 3, unavailable: 2 },
      part(0),
      [part(10)],
      3,
      [8],
    ],
    ['waits for new pods', { desired: 10, surge: 3, unavailable: 2 }, part(5, 0), [part(8)], 5, [8]],
    ['goes on as they become available', { desired: 10, surge: 3, unavailable: 2 }, part(5, 2), [part(8)], 5, [6]],
    ['grows only once old pods are gone', { desired: 3, surge: 1, unavailable: 0 }, part(1), [part(2, 3, 3)], 1, [2]],
    [
      'takes what does not work first',
      { desired: 4, surge: 1, unavailable: 1 },
      part(1),
      [part(2, 0), part(2)],
      1,
      [0, 2],
    ],
    ['ends', { desired: 3, surge: 1, unavailable: 0 }, part(3), [part(1)], 3, [0]],
    [
      'keeps the old while the new does not work',
      { desired: 3, surge: 1, unavailable: 0 },
      part(1, 0),
      [part(3)],
      1,
      [3],
    ],
    ['shrinks what is too large', { desired: 2, surge: 1, unavailable: 0 }, part(5), [], 2, []],
  ])('%s', (_what, bounds, fresh, old, size, sizes) => {
    expect(rollingStep(bounds, fresh, old)).toEqual({ fresh: size, old: sizes })
  })

  const state = fc
    .record({
      wanted: fc.integer({ min: 0, max: 9 }),
      extra: fc.integer({ min: 0, max: 2 }),
      well: fc.integer({ min: 0, max: 11 }),
    })
    .map(({ wanted, extra, well }) => part(wanted, Math.min(well, wanted + extra), wanted + extra))
  const total = (parts: readonly Part[], pick: (one: Part) => number) => parts.reduce((sum, one) => sum + pick(one), 0)

  it('never decides by what available pods that are needed would go, nor makes too many', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        state,
        fc.array(state, { maxLength: 4 }),
        (desired, maxSurge, maxUnavailable, fresh, old) => {
          const bounds = boundsOf(desired, maxSurge, maxUnavailable)
          const next = rollingStep(bounds, fresh, old)
          const sure = (sizes: readonly number[]) =>
            total(
              [fresh, ...old].map((one, i) => part(Math.min(sizes[i] ?? 0, one.available))),
              ({ wanted }) => wanted,
            )
          const before = sure([fresh, ...old].map(({ wanted }) => wanted))
          const needed = desired - bounds.unavailable
          if (fresh.wanted <= desired)
            expect(sure([next.fresh, ...next.old])).toBeGreaterThanOrEqual(Math.min(before, needed))
          const present = total([fresh, ...old], ({ wanted, pods }) => Math.max(wanted, pods))
          const grown = present + Math.max(0, next.fresh - fresh.wanted)
          expect(grown).toBeLessThanOrEqual(Math.max(present, desired + bounds.surge))
          for (const [i, size] of next.old.entries()) expect(size).toBeLessThanOrEqual(old[i]?.wanted ?? 0)
        },
      ),
    )
  })

  it('comes to its end when all become available', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3 }),
        (desired, maxSurge, maxUnavailable, sizes) => {
          const bounds = boundsOf(desired, maxSurge, maxUnavailable)
          let [fresh, old] = [0, sizes]
          for (let i = 0; i < 100; i++) {
            const next = rollingStep(
              bounds,
              part(fresh),
              old.map((size) => part(size)),
            )
            ;[fresh, old] = [next.fresh, [...next.old]]
          }
          expect([fresh, ...old]).toEqual([desired, ...sizes.map(() => 0)])
        },
      ),
    )
  })
})

describe('scaling in the middle of a rollout', () => {
  it.each<[string, Bounds, readonly [number, number, number][], readonly number[]]>([
    [
      'up, in proportion',
      { desired: 15, surge: 3, unavailable: 2 },
      [
        [8, 8, 13],
        [5, 0, 13],
      ],
      [11, 7],
    ],
    [
      'down, in proportion',
      { desired: 5, surge: 2, unavailable: 5 },
      [
        [8, 8, 13],
        [5, 5, 13],
      ],
      [4, 3],
    ],
    [
      'down, what is not available first',
      { desired: 5, surge: 2, unavailable: 0 },
      [
        [8, 8, 13],
        [5, 0, 13],
      ],
      [5, 2],
    ],
    [
      'to nothing',
      { desired: 0, surge: 0, unavailable: 0 },
      [
        [8, 8, 13],
        [5, 0, 13],
      ],
      [0, 0],
    ],
  ])('%s', (_what, bounds, shares, sizes) => {
    const of = shares.map(([wanted, available, maxBefore]) => ({ wanted, available, maxBefore }))
    expect(proportions(bounds, of)).toEqual(sizes)
  })
})
