import { describe, expect, it } from 'vitest'
import { isLinearizable, type Op } from './linearizable.ts'

const never = Number.POSITIVE_INFINITY
const read = (calledMs: number, returnedMs: number, value: string | null): Op => ({
  type: 'read',
  client: 'r',
  calledMs,
  returnedMs,
  value,
})
const write = (calledMs: number, returnedMs: number, expected: string | null, value: string | null): Op => ({
  type: 'write',
  client: 'w',
  calledMs,
  returnedMs,
  value,
  expect: { type: 'value', value: expected },
})
const remove = (calledMs: number, returnedMs: number): Op => ({
  type: 'write',
  client: 'w',
  calledMs,
  returnedMs,
  value: null,
  expect: { type: 'any' },
})

describe('a linearizable history', () => {
  const rows: readonly (readonly [string, readonly Op[]])[] = [
    ['of nothing', []],
    ['of a write and a later read', [write(0, 1, null, 'a'), read(2, 3, 'a')]],
    ['of a read during a write, either way', [write(0, 9, null, 'a'), read(1, 2, null), read(3, 4, 'a')]],
    ['of a write without an answer that took effect', [write(0, never, null, 'a'), read(5, 6, 'a')]],
    ['of a write without an answer that took none', [write(0, never, null, 'a'), read(5, 6, null)]],
    [
      'of a write without an answer that took effect late',
      [write(0, never, null, 'a'), read(5, 6, null), read(7, 8, 'a')],
    ],
    [
      'of a chain of conditional writes',
      [write(0, 1, null, 'a'), write(2, 3, 'a', 'b'), read(4, 5, 'b'), remove(6, 7), read(8, 9, null)],
    ],
    [
      'of writes whose answers came in the other order',
      [write(0, 9, 'a', 'b'), write(0, 8, null, 'a'), read(10, 11, 'b')],
    ],
  ]
  it.each(rows)('%s', (_name, ops) => expect(isLinearizable(ops)).toEqual({ type: 'yes' }))
})

describe('no linearizable history', () => {
  const rows: readonly (readonly [string, readonly Op[]])[] = [
    ['a lost write', [write(0, 1, null, 'a'), read(2, 3, null)]],
    ['a stale read', [write(0, 1, null, 'a'), write(2, 3, 'a', 'b'), read(4, 5, 'a')]],
    ['a read that goes back', [write(0, 9, null, 'a'), read(1, 2, 'a'), read(3, 4, null)]],
    ['a value from nowhere', [read(0, 1, 'x')]],
    [
      'two writers that replaced the same value',
      [write(0, 1, null, 'a'), write(2, 9, 'a', 'b'), write(2, 9, 'a', 'c')],
    ],
    ['a value that came back after it was removed', [write(0, 1, null, 'a'), remove(2, 3), read(4, 5, 'a')]],
    ['a write seen before it was sent', [read(0, 1, 'a'), write(2, 3, null, 'a')]],
  ]
  it.each(rows)('%s', (_name, ops) => expect(isLinearizable(ops).type).toBe('no'))
})

it('decides long histories of many clients soon', () => {
  const ops: Op[] = []
  let value: string | null = null
  for (let i = 0; i < 400; i++) {
    ops.push(write(i * 10, i * 10 + 25, value, `v${i}`))
    value = `v${i}`
    if (i % 5 === 0) ops.push(write(i * 10, never, 'nothing like it', `lost${i}`))
    ops.push(read(i * 10 + 30, i * 10 + 31, i < 399 ? null : value))
  }
  const possible = ops.filter((op) => op.type === 'write' || op.value !== null)
  expect(isLinearizable(possible).type).toBe('yes')
})
