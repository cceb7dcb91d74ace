import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newFailures } from './failures.ts'

const limits = { perWindowMax: 3, windowMs: 1_000, addressesMax: 2 }

test('an address that failed too often waits until its window is over', () => {
  const failures = newFailures(limits)
  for (const nowMs of [0, 100, 200]) {
    expect(failures.waitMs('a', nowMs)).toBe(0)
    failures.failed('a', nowMs)
  }
  expect(failures.waitMs('a', 300)).toBe(700)
  expect(failures.waitMs('b', 300)).toBe(0)
  expect(failures.waitMs('a', 1_000)).toBe(0)
  failures.failed('a', 1_000)
  expect(failures.waitMs('a', 1_001)).toBe(0)
})

test('remembers no more addresses than it may', () => {
  const failures = newFailures(limits)
  for (const address of ['a', 'a', 'a', 'b', 'b', 'b']) failures.failed(address, 0)
  expect([failures.waitMs('a', 1), failures.waitMs('b', 1)]).toEqual([999, 999])
  failures.failed('c', 0)
  expect([failures.waitMs('a', 1), failures.waitMs('b', 1)]).toEqual([0, 999])
})

test('never lets an address fail more often than its limit within a window', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 })), (pauses) => {
      const failures = newFailures(limits)
      const failedAt: number[] = []
      let nowMs = 0
      for (const pause of pauses) {
        nowMs += pause
        if (failures.waitMs('a', nowMs) > 0) continue
        failures.failed('a', nowMs)
        failedAt.push(nowMs)
      }
      // Windows do not slide: at the border of two, twice the limit.
      for (const start of failedAt) {
        const within = failedAt.filter((at) => at >= start && at < start + limits.windowMs)
        expect(within.length).toBeLessThanOrEqual(2 * limits.perWindowMax)
      }
    }),
  )
})
