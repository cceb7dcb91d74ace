import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newRandom } from './random.ts'
import { newSortedMap } from './sorted.ts'

describe('sorted map', () => {
  it('keeps order and prefix bounds', () => {
    const map = newSortedMap<string>()
    for (const key of ['b/2', 'a/1', 'b/10', 'b0', 'b', 'b/', 'c']) map.set(key, key)
    expect(map.values()).toEqual(['a/1', 'b', 'b/', 'b/10', 'b/2', 'b0', 'c'])
    expect(map.range('b/', null, 10)).toEqual(['b/', 'b/10', 'b/2'])
    expect(map.range('b/', 'b/', 10)).toEqual(['b/10', 'b/2'])
    expect(map.range('b/', 'b/11', 1)).toEqual(['b/2'])
    expect(map.range('b/', 'a', 2)).toEqual(['b/', 'b/10'])
    expect(map.range('b/', 'c', 2)).toEqual([])
    expect(map.range('', null, 3)).toEqual(['a/1', 'b', 'b/'])
    expect(map.range('x', null, 3)).toEqual([])
  })

  it('does what a sorted list of pairs does, over many blocks', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 4000 }), fc.boolean())
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 0, max: 3000 }), (steps, start) => {
        const map = newSortedMap<number>()
        const model = new Map<string, number>()
        const key = (n: number): string => `k/${String(n).padStart(5, '0')}`
        for (let n = 0; n < start; n++) {
          map.set(key(n), n)
          model.set(key(n), n)
        }
        for (const [n, put] of steps) {
          if (put) {
            map.set(key(n), -n)
            model.set(key(n), -n)
          } else expect(map.delete(key(n))).toBe(model.delete(key(n)))
          expect(map.get(key(n))).toBe(model.get(key(n)))
        }
        const pairs = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
        expect(map.size).toBe(pairs.length)
        expect(map.values()).toEqual(pairs.map(([, value]) => value))
        for (const after of [key(0), key(512), key(1999), key(5000)]) {
          const rest = pairs.filter(([k]) => k > after).slice(0, 700)
          expect(map.range('k/', after, 700)).toEqual(rest.map(([, value]) => value))
        }
        expect(map.range('k/00', null, 4000)).toEqual(
          pairs.filter(([k]) => k.startsWith('k/00')).map(([, value]) => value),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('empties and fills again', () => {
    const map = newSortedMap<number>()
    const random = newRandom(7)
    const keys = random.shuffle(Array.from({ length: 3000 }, (_, n) => `n${n}`))
    for (const key of keys) map.set(key, 1)
    for (const key of random.shuffle(keys)) expect(map.delete(key)).toBe(true)
    expect(map.size).toBe(0)
    expect(map.values()).toEqual([])
    expect(map.delete('n1')).toBe(false)
    map.set('n1', 2)
    expect(map.get('n1')).toBe(2)
  })
})
