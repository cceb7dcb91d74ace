import { expect, test } from 'vitest'
import { count, durationText, newPaint, table } from './text.ts'

test('columns line up, whatever their colour, without spaces at the end', () => {
  const paint = newPaint(true)
  expect(
    table([
      ['NODE', 'STATE', 'X'],
      ['n1', 'alive', ''],
    ]),
  ).toEqual(['NODE   STATE   X', 'n1     alive'])
  const [head, row] = table([
    [paint('bold', 'A'), 'B'],
    ['long', 'c'],
  ])
  expect(head?.replace(/\p{Cc}\[[0-9]+m/gu, '')).toBe('A      B')
  expect(row).toBe('long   c')
})

test.each([
  [0, '0s'],
  [-5, '0s'],
  [90_000, '90s'],
  [30 * 60_000, '30m'],
  [24 * 3_600_000 - 5, '24h'],
  [47 * 3_600_000, '47h'],
  [6 * 86_400_000, '6d'],
])('%i ms is %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})

test('nouns agree with their number', () => {
  expect([0, 1, 2].map((n) => count(n, 'node'))).toEqual(['no nodes', '1 node', '2 nodes'])
})
