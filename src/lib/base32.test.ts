import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase32, toBase32 } from './base32.ts'

test.each([
  [[], ''],
  [[0], '00'],
  [[255], 'zw'],
  [[1, 2, 3, 4, 5], '04106105'],
])('%j is %s', (bytes, text) => {
  expect(toBase32(new Uint8Array(bytes))).toBe(text)
})

test('every value has one text, and comes back from it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const text = toBase32(bytes)
      expect(fromBase32(text)).toEqual(bytes)
    }),
  )
})

test.each(['i', 'l', 'o', 'u', 'A', '-', ' ', '0', '000', 'zz'])('%j is refused', (text) => {
  expect(fromBase32(text)).toBeNull()
})
