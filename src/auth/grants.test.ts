import { describe, expect, it } from 'vitest'
import { newGrants } from './grants.ts'

const limits = { lifeMs: 1_000, openMax: 3 }

describe('a grant', () => {
  it('is good once, and for its holder', () => {
    const grants = newGrants<string>(limits)
    expect(grants.give('g1', 'n1', 'logs of web', 0)).toBe(true)
    expect(grants.take('g1', 'n2', 1)).toBeNull()
    expect(grants.take('g1', 'n1', 2)).toBe('logs of web')
    expect(grants.take('g1', 'n1', 3)).toBeNull()
    expect(grants.take('g2', 'n1', 3)).toBeNull()
  })

  it('expires', () => {
    const grants = newGrants<string>(limits)
    grants.give('g1', 'n1', 'a', 0)
    grants.give('g2', 'n1', 'b', 500)
    expect(grants.take('g1', 'n1', 1_000)).toBeNull()
    expect(grants.take('g2', 'n1', 1_499)).toBe('b')
  })

  it('is not given when too many are open, nor twice under one name', () => {
    const grants = newGrants<number>(limits)
    for (const name of ['a', 'b', 'c']) expect(grants.give(name, 'n1', 1, 0)).toBe(true)
    expect(grants.give('d', 'n1', 1, 1)).toBe(false)
    expect(grants.take('b', 'n1', 2)).toBe(1)
    expect(grants.give('c', 'n2', 2, 3)).toBe(false)
    expect(grants.give('d', 'n1', 1, 3)).toBe(true)
    // The others have expired.
    expect(grants.give('e', 'n1', 1, 1_000)).toBe(true)
    expect(grants.take('c', 'n1', 1_001)).toBeNull()
  })
})
