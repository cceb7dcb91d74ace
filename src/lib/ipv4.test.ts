import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatIPv4, inRange, parseIPv4, parseRange, rangeOf } from './ipv4.ts'

test('an address and its number say the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (address) => {
      expect(parseIPv4(formatIPv4(address))).toBe(address)
    }),
  )
  expect(parseIPv4('10.96.0.1')).toBe(10 * 2 ** 24 + 96 * 2 ** 16 + 1)
})

test.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.x', ' 1.2.3.4', '::1'])(
  '%j is no address',
  (text) => expect(parseIPv4(text)).toBeNull(),
)

test('a range holds what begins with its bits', () => {
  const range = rangeOf('10.96.0.0/16')
  expect([range.bits, range.size]).toEqual([16, 65_536])
  const inside = (text: string): boolean => inRange(range, parseIPv4(text) ?? -1)
  expect([inside('10.96.0.0'), inside('10.96.255.255')]).toEqual([true, true])
  expect([inside('10.95.255.255'), inside('10.97.0.0')]).toEqual([false, false])
  expect(parseRange('0.0.0.0/0')?.size).toBe(2 ** 32)
})

test.each(['10.96.0.1/16', '10.96.0.0/33', '10.96.0.0', '10.96.0.0/x', 'x/8'])('%j is no range', (text) => {
  expect(parseRange(text)).toBeNull()
  expect(() => rangeOf(text)).toThrow(RangeError)
})
