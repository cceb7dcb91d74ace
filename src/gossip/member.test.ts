import { describe, expect, it } from 'vitest'
import { type MemberState, supersedes } from './member.ts'

// SWIM 4.2: [held, its incarnation, heard, its incarnation, whether it is news]
const table: readonly [MemberState, number, MemberState, number, boolean][] = [
  ['alive', 3, 'alive', 3, false],
  ['alive', 3, 'alive', 4, true],
  ['alive', 3, 'alive', 2, false],
  ['alive', 3, 'suspect', 2, false],
  ['alive', 3, 'suspect', 3, true],
  ['alive', 3, 'dead', 2, false],
  ['alive', 3, 'dead', 3, true],
  ['alive', 3, 'left', 3, true],
  ['suspect', 3, 'alive', 3, false],
  ['suspect', 3, 'alive', 4, true],
  ['suspect', 3, 'suspect', 4, true],
  ['suspect', 3, 'dead', 3, true],
  ['suspect', 3, 'dead', 2, false],
  ['dead', 3, 'alive', 3, false],
  ['dead', 3, 'alive', 4, true],
  ['dead', 3, 'suspect', 3, false],
  ['dead', 3, 'dead', 3, false],
  ['dead', 3, 'left', 3, false],
  ['left', 3, 'suspect', 3, false],
  ['left', 3, 'dead', 3, false],
  ['left', 3, 'alive', 4, true],
]

describe('supersedes', () => {
  it.each(table)('%s at %d, heard %s at %d: %s', (held, heldAt, heard, heardAt, news) => {
    expect(supersedes({ state: heard, incarnation: heardAt }, { state: held, incarnation: heldAt })).toBe(news)
  })
})
