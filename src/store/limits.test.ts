import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Exchange, emptyHolding, type Holding, newLimits } from './limits.ts'

function holding(provides: Record<string, number>, claims: Record<string, number>): Holding {
  const amounts = (of: Record<string, number>) => Object.entries(of).map(([limit, amount]) => ({ limit, amount }))
  return { provides: amounts(provides), claims: amounts(claims) }
}

const node = holding({ cpu: 1000, pods: 2 }, {})
const pod = (cpu: number): Holding => holding({}, { cpu, pods: 1 })
const make = (key: string, after: Holding): Exchange => ({ key, before: emptyHolding, after })
const drop = (key: string, before: Holding): Exchange => ({ key, before, after: emptyHolding })

describe('limits', () => {
  const rows: readonly [what: string, booked: Exchange[], asked: Exchange[], refusals: object[]][] = [
    ['what fits', [make('n', node)], [make('a', pod(1000))], []],
    [
      'what does not, with figures',
      [make('n', node), make('a', pod(600))],
      [make('b', pod(500))],
      [{ type: 'claim', key: 'b', limit: 'cpu', asked: 500, used: 600, capacity: 1000 }],
    ],
    [
      'each limit that is overdrawn',
      [make('n', node), make('a', pod(900)), make('b', pod(0))],
      [make('c', pod(101))],
      [
        { type: 'claim', key: 'c', limit: 'cpu', asked: 101, used: 900, capacity: 1000 },
        { type: 'claim', key: 'c', limit: 'pods', asked: 1, used: 2, capacity: 2 },
      ],
    ],
    [
      'a limit that nobody provides',
      [],
      [make('a', holding({}, { cpu: 1 }))],
      [{ type: 'claim', key: 'a', limit: 'cpu', asked: 1, used: 0, capacity: 0 }],
    ],
    ['nothing of a limit that nobody provides', [], [make('a', holding({}, { cpu: 0 }))], []],
    ['a limit that comes with the claim', [], [make('a', pod(10)), make('n', node)], []],
    [
      'a limit that goes as the claim comes',
      [make('n', node)],
      [drop('n', node), make('a', pod(10))],
      [
        { type: 'claim', key: 'a', limit: 'cpu', asked: 10, used: 0, capacity: 0 },
        { type: 'claim', key: 'a', limit: 'pods', asked: 1, used: 0, capacity: 0 },
      ],
    ],
    [
      'lowering a limit below its use',
      [make('n', node), make('a', pod(900))],
      [{ key: 'n', before: node, after: holding({ cpu: 100, pods: 2 }, {}) }],
      [],
    ],
    [
      'more from a limit that was lowered below its use',
      [make('n', holding({ cpu: 100, pods: 9 }, {})), make('a', pod(900))],
      [make('b', pod(1))],
      [{ type: 'claim', key: 'b', limit: 'cpu', asked: 1, used: 900, capacity: 100 }],
    ],
    [
      'less from a limit that was lowered below its use',
      [make('n', holding({ cpu: 100, pods: 9 }, {})), make('a', pod(900))],
      [{ key: 'a', before: pod(900), after: pod(800) }],
      [],
    ],
    [
      'a claim that passes on to another, of a limit lowered below its use',
      [make('n', holding({ cpu: 100, pods: 9 }, {})), make('a', pod(900))],
      [drop('a', pod(900)), make('b', pod(900))],
      [],
    ],
    ['two providers add up', [make('n', node), make('m', node)], [make('a', pod(1500))], []],
    [
      'the sum of a transaction, not its parts',
      [make('n', node)],
      [make('a', pod(600)), make('b', pod(600))],
      [{ type: 'claim', key: 'a', limit: 'cpu', asked: 1200, used: 0, capacity: 1000 }],
    ],
  ]
  it.each(rows)('judges %s', (_what, booked, asked, refusals) => {
    const limits = newLimits()
    limits.book(booked)
    expect(limits.refusals(asked)).toEqual(refusals)
  })

  it('is undefined where nobody provides, and remembers what is still taken', () => {
    const limits = newLimits()
    limits.book([make('n', node), make('a', pod(300))])
    limits.book([drop('n', node)])
    expect(limits.get('cpu')).toBeUndefined()
    limits.book([make('n', node)])
    expect(limits.get('cpu')).toEqual({ used: 300, capacity: 1000 })
    limits.book([drop('n', node), drop('a', pod(300))])
    expect(limits.get('cpu')).toBeUndefined()
  })

  it('never grants beyond a capacity, and its books are the sums', () => {
    const amounts = fc.dictionary(fc.constantFrom('x', 'y'), fc.integer({ min: 0, max: 10 }))
    const step = fc.record({
      key: fc.integer({ min: 0, max: 4 }),
      provides: amounts,
      claims: amounts,
      drop: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 3 }), { maxLength: 30 }), (txns) => {
        const limits = newLimits()
        const held = new Map<number, Holding>()
        const sum = (limit: string, of: 'provides' | 'claims'): number =>
          [...held.values()].flatMap((h) => h[of]).reduce((all, a) => all + (a.limit === limit ? a.amount : 0), 0)
        for (const steps of txns) {
          const exchanges = [...new Map(steps.map((s) => [s.key, s])).values()].map((s) => ({
            key: String(s.key),
            before: held.get(s.key) ?? emptyHolding,
            after: s.drop ? emptyHolding : holding(s.provides, s.claims),
          }))
          if (limits.refusals(exchanges).length > 0) continue
          const before = { x: sum('x', 'claims'), y: sum('y', 'claims') }
          limits.book(exchanges)
          for (const { key, after } of exchanges) held.set(Number(key), after)
          for (const limit of ['x', 'y'] as const) {
            const [used, capacity] = [sum(limit, 'claims'), sum(limit, 'provides')]
            expect(used).toBeLessThanOrEqual(Math.max(capacity, before[limit]))
            const provided = [...held.values()].some((h) => h.provides.some((a) => a.limit === limit))
            expect(limits.get(limit)).toEqual(provided ? { used, capacity } : undefined)
          }
        }
      }),
    )
  })
})
