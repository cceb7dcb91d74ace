import { describe, expect, it } from 'vitest'
import { deathsInRow, restartDelayMs, retryDelayMs } from './backoff.ts'

describe('back-off', () => {
  it.each([
    [1, 10_000],
    [2, 20_000],
    [5, 160_000],
    [6, 300_000],
    [1000, 300_000],
  ])('after %d failures in a row: %d ms', (failures, ms) => expect(retryDelayMs(failures)).toBe(ms))

  it.each([
    [1, 0],
    [2, 10_000],
    [3, 20_000],
    [7, 300_000],
    [100, 300_000],
  ])('after %d deaths in a row: %d ms', (deaths, ms) => expect(restartDelayMs(deaths)).toBe(ms))

  it('begins anew after ten minutes of health', () => {
    expect(deathsInRow(7, 599_999)).toBe(8)
    expect(deathsInRow(7, 600_000)).toBe(1)
  })
})
