import { describe, expect, test } from 'vitest'
import { hostPlaceOf, hostsMax, indexOfMark, placeOf, prefixProblem, seenInside } from './names.ts'
import { overlaps, rangeOf } from './ranges.ts'

describe('a prefix', () => {
  test.each(['h', 'lab', 'a1b', 't04ffx', 'abcdefgh'])('%s is one', (prefix) => {
    expect(prefixProblem(prefix)).toBeNull()
    expect(placeOf(prefix).machineLink.length).toBeLessThanOrEqual(15)
  })
  test.each(['', 'H', 'h1', '1h', 'a-b', 'a/b', '..', 'abcdefghi'])('%j is none', (prefix) => {
    expect(prefixProblem(prefix)).toMatch(/is no prefix/)
  })
})

describe('whose a name is', () => {
  const rows: readonly [prefix: string, name: string, index: number | null][] = [
    ['h', 'skhost-h1', 1],
    ['h', 'skhost-h12', 12],
    ['h', 'skhost-ha1', null],
    ['ha', 'skhost-h1', null],
    ['a1b', 'skhost-a1b7', 7],
    ['a', 'skhost-a1b7', null],
    ['h', 'skhost-h-lan', null],
    ['h', 'skhost-h', null],
    ['h', 'skhost-h0', null],
    ['h', 'skhost-h01', null],
    ['h', 'h1', null],
    ['h', 'my-skhost-h1', null],
  ]
  test.each(rows)('of %s, %s: %s', (prefix, name, index) => {
    expect(indexOfMark(placeOf(prefix), name)).toBe(index)
  })
  test('a host knows its own', () => {
    for (let index = 1; index <= hostsMax; index++)
      expect(indexOfMark(placeOf('lab'), hostPlaceOf(placeOf('lab'), index).mark)).toBe(index)
  })
})

test.each([
  ['/var/lib', false],
  ['/var/lib/jenkins/skein', false],
  ['/var/library', true],
  ['/run/user/0', false],
  ['/root/skein', true],
] as const)('%s is seen inside: %s', (path, seen) => {
  expect(seenInside(path)).toBe(seen)
})

describe('networks that have an address in common', () => {
  const rows: readonly [one: string, other: string, common: boolean][] = [
    ['198.18.0.0/24', '198.18.0.7', true],
    ['198.18.0.0/24', '198.18.1.0/24', false],
    ['198.18.5.0/24', '198.18.0.0/16', true],
    ['198.18.5.0/24', '198.0.0.0/8', true],
    ['198.18.0.0/24', '10.0.0.0/8', false],
    ['198.18.0.0/24', '0.0.0.0/0', true],
    ['198.19.255.0/24', '198.20.0.0/16', false],
    ['198.18.0.254', '198.18.0.254', true],
    ['198.18.0.254', '198.18.0.255', false],
  ]
  test.each(rows)('%s and %s: %s', (one, other, common) => {
    expect([overlaps(one, other), overlaps(other, one)]).toEqual([common, common])
  })
})

test('ranges are within 198.18.0.0/15, none in another, and no two hosts share an address', () => {
  const ranges = Array.from({ length: 512 }, (_, number) => rangeOf(number))
  const seen = new Set<string>()
  for (const range of ranges) {
    expect(overlaps('198.18.0.0/15', `${range.base}.0/24`)).toBe(true)
    for (let index = 1; index <= hostsMax; index++) {
      seen.add(range.addressOf(index)).add(range.hardwareAddressOf(index))
    }
    seen.add(range.machineAddress)
  }
  expect(seen.size).toBe(512 * (2 * hostsMax + 1))
})
