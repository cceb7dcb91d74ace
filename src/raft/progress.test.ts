import { describe, expect, test } from 'vitest'
import {
  becomeProbe,
  becomeReplicate,
  isFull,
  newProgress,
  noteMatched,
  noteRefused,
  noteSent,
  type Progress,
} from './progress.ts'

function replicating(match: number): Progress {
  const progress = newProgress(1, 0)
  noteMatched(progress, match)
  becomeReplicate(progress)
  return progress
}

test('a probe sends once and waits', () => {
  const progress = newProgress(5, 0)
  noteSent(progress, 7, 100)
  expect(progress).toMatchObject({ state: 'probe', next: 5, paused: true, inflight: [] })
})

test('a replicating peer is sent one after another, until the limits', () => {
  const progress = replicating(4)
  noteSent(progress, 6, 100)
  noteSent(progress, 9, 100)
  expect(progress).toMatchObject({ next: 10, inflightBytes: 200 })
  expect([isFull(progress, 2, 999), isFull(progress, 9, 200), isFull(progress, 3, 201)]).toEqual([true, true, false])
  noteMatched(progress, 6)
  expect(progress).toMatchObject({ match: 6, next: 10, inflightBytes: 100 })
  noteMatched(progress, 9)
  expect(progress).toMatchObject({ match: 9, inflight: [], inflightBytes: 0 })
})

test('an old answer frees nothing and moves nothing back', () => {
  const progress = replicating(4)
  noteSent(progress, 6, 100)
  expect(noteMatched(progress, 3)).toBe(false)
  expect(progress).toMatchObject({ match: 4, next: 7, inflightBytes: 100 })
})

describe('refusals', () => {
  const rows: readonly [
    what: string,
    state: 'probe' | 'replicate',
    match: number,
    next: number,
    refused: number,
    agreeable: number,
    after: object,
  ][] = [
    ['of a probe: back to where the logs may agree', 'probe', 0, 9, 8, 3, { next: 4, state: 'probe', paused: false }],
    ['of a probe: never before what is matched', 'probe', 5, 9, 8, 3, { next: 6 }],
    ['of a probe, at least one back', 'probe', 0, 9, 8, 20, { next: 8 }],
    ['of an earlier probe: old news', 'probe', 0, 9, 5, 1, { next: 9, paused: true }],
    [
      'of a replicating peer: something was lost, probe',
      'replicate',
      5,
      9,
      7,
      5,
      { next: 6, state: 'probe', inflightBytes: 0 },
    ],
    ['of what it has accepted since: old news', 'replicate', 5, 9, 4, 2, { next: 9, state: 'replicate' }],
  ]
  test.each(rows)('%s', (_what, state, match, next, refused, agreeable, after) => {
    const progress = { ...newProgress(next, 0), match, state, paused: state === 'probe', inflightBytes: 50 }
    noteRefused(progress, refused, agreeable)
    expect(progress).toMatchObject(after)
    expect(progress.next).toBeGreaterThan(progress.match)
  })
})

test('becoming a probe forgets what is out', () => {
  const progress = replicating(4)
  noteSent(progress, 6, 100)
  becomeProbe(progress)
  expect(progress).toMatchObject({ next: 5, inflight: [], inflightBytes: 0, snapshot: null })
})
