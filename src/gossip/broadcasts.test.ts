import { describe, expect, it } from 'vitest'
import { newBroadcasts, retransmitLimit } from './broadcasts.ts'
import type { Update } from './member.ts'

const news = (identity: string, incarnation = 0): Update => ({ identity, state: 'alive', incarnation, from: identity })

describe('broadcasts', () => {
  // memberlist's table for retransmitLimit (util_test.go), and some more.
  it.each([
    [0, 3, 0],
    [1, 3, 3],
    [99, 3, 6],
    [9, 4, 4],
    [10, 4, 8],
    [999, 4, 12],
  ])('%d members with factor %d: %d times', (members, factor, times) => {
    expect(retransmitLimit(members, factor)).toBe(times)
  })

  it('sends each piece its number of times, then drops it', () => {
    const broadcasts = newBroadcasts(4)
    broadcasts.add(news('a'))
    for (let i = 0; i < 4; i++) expect(broadcasts.take(10, 5)).toEqual([news('a')])
    expect(broadcasts.take(10, 5)).toEqual([])
    expect(broadcasts.size).toBe(0)
  })

  it('takes what was sent least first, and the newest among equals', () => {
    const broadcasts = newBroadcasts(4)
    broadcasts.add(news('a'))
    broadcasts.add(news('b'))
    expect(broadcasts.take(1, 5)).toEqual([news('b')])
    expect(broadcasts.take(1, 5)).toEqual([news('a')])
    broadcasts.add(news('c'))
    expect(broadcasts.take(2, 5)).toEqual([news('c'), news('b')])
  })

  it('replaces news of a member by newer news, which starts anew', () => {
    const broadcasts = newBroadcasts(4)
    broadcasts.add(news('a', 1))
    for (let i = 0; i < 3; i++) broadcasts.take(1, 5)
    broadcasts.add(news('a', 2))
    expect(broadcasts.size).toBe(1)
    for (let i = 0; i < 4; i++) expect(broadcasts.take(1, 5)).toEqual([news('a', 2)])
    expect(broadcasts.has('a')).toBe(false)
  })

  it('forgets a member that was removed', () => {
    const broadcasts = newBroadcasts(4)
    broadcasts.add(news('a'))
    broadcasts.remove('a')
    expect(broadcasts.take(1, 5)).toEqual([])
  })
})
