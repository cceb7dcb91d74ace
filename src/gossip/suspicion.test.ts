import { describe, expect, it } from 'vitest'
import { lan, local, type Preset, wan } from './preset.ts'
import { suspicionBounds, suspicionEndMs, suspicionTimeoutMs } from './suspicion.ts'

describe('suspicion', () => {
  // memberlist's own table for remainingSuspicionTime (suspicion_test.go), as whole timeouts: 3 wanted, 2 to 30 s.
  it.each([
    [0, 3, 30_000],
    [1, 3, 16_000],
    [2, 3, 7_810],
    [3, 3, 2_000],
    [4, 3, 2_000],
    [0, 0, 2_000],
    [0, -1, 2_000],
  ])('after %d confirmations of %d lasts %d ms', (confirmations, wanted, timeoutMs) => {
    expect(suspicionTimeoutMs(confirmations, wanted, { minMs: 2_000, maxMs: 30_000 })).toBe(timeoutMs)
  })

  it.each([
    [lan, 1, 1_400],
    [lan, 3, 1_400],
    [lan, 10, 1_400],
    [lan, 100, 2_800],
    [lan, 1_000, 4_200],
    [lan, 10_000, 5_600],
    [wan, 10, 8_000],
    [local, 10, 1_200],
  ] as [Preset, number, number][])('grows with log10 of the members (%#)', (preset, members, minMs) => {
    const bounds = suspicionBounds(members, preset)
    expect(bounds.minMs).toBeCloseTo(minMs)
    expect(bounds.maxMs).toBeCloseTo(6 * minMs)
  })

  it('detects within half of the time that memberlist takes', () => {
    for (const [members, memberlistMs] of [
      [10, 6_600],
      [100, 10_600],
      [1_000, 14_600],
      [10_000, 18_600],
    ] as const) {
      const detectedMs = 2.58 * lan.probeIntervalMs + suspicionBounds(members, lan).minMs
      expect(detectedMs).toBeLessThan(memberlistMs / 2)
    }
  })

  it('waits for no more confirmations than there are others to give them', () => {
    const bounds = { minMs: 1_000, maxMs: 6_000 }
    const alone = { startMs: 50, accusers: new Set(['a']) }
    expect(suspicionEndMs(alone, 0, bounds, lan)).toBe(1_050)
    expect(suspicionEndMs(alone, 1, bounds, lan)).toBe(6_050)
    expect(suspicionEndMs({ startMs: 50, accusers: new Set(['a', 'b']) }, 1, bounds, lan)).toBe(1_050)
    const two = suspicionEndMs({ startMs: 50, accusers: new Set(['a', 'b']) }, 5, bounds, lan)
    expect(two).toBeGreaterThan(1_050)
    expect(two).toBeLessThan(6_050)
    expect(suspicionEndMs({ startMs: 50, accusers: new Set(['a', 'b', 'c', 'd']) }, 5, bounds, lan)).toBe(1_050)
  })
})
