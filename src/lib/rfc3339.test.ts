import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTime, parseTime } from './rfc3339.ts'

describe('RFC 3339 times', () => {
  it.each([
    [0, '1970-01-01T00:00:00Z'],
    [951_782_400_000, '2000-02-29T00:00:00Z'],
    [1_767_225_599_999, '2025-12-31T23:59:59Z'],
    [-1000, '1969-12-31T23:59:59Z'],
  ])('%d is %s', (ms, text) => expect(formatTime(ms)).toBe(text))

  it.each([
    ['2026-01-02T03:04:05.678Z', Date.UTC(2026, 0, 2, 3, 4, 5, 678)],
    ['2026-01-02T03:04:05+02:30', Date.UTC(2026, 0, 2, 0, 34, 5)],
    ['2026-01-02T03:04:05-01:00', Date.UTC(2026, 0, 2, 4, 4, 5)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2026-02-29T00:00:00Z', null],
    ['2026-13-02T03:04:05Z', null],
    ['2026-01-02 03:04:05Z', null],
    ['yesterday', null],
  ])('%s is read as %s', (text, ms) => expect(parseTime(text)).toBe(ms))

  it('agrees with the platform', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_208_988_800, max: 4_102_444_800 }), (seconds) => {
        const text = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
        expect(formatTime(seconds * 1000)).toBe(text)
        expect(parseTime(text)).toBe(seconds * 1000)
      }),
    )
  })
})
