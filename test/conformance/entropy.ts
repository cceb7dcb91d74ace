import { describe, expect, it } from 'vitest'
import type { Entropy } from '../../src/host/host.ts'

export function entropySuite(form: string, make: () => Entropy): void {
  describe(`entropy, ${form}`, () => {
    it('gives as many bytes as were asked for, in an array of their own', () => {
      const entropy = make()
      for (const count of [0, 1, 16, 33, 4096]) {
        const bytes = entropy.bytes(count)
        expect(bytes).toBeInstanceOf(Uint8Array)
        expect(bytes.length).toBe(count)
      }
      const first = entropy.bytes(16)
      const before = [...first]
      entropy.bytes(16)
      expect([...first]).toEqual(before)
    })

    it('does not repeat itself', () => {
      const entropy = make()
      const seen = new Set(Array.from({ length: 1_000 }, () => entropy.bytes(16).join()))
      expect(seen.size).toBe(1_000)
    })

    it('uses all byte values about equally', () => {
      const counts = new Array<number>(256).fill(0)
      for (const byte of make().bytes(256 * 400)) counts[byte] = (counts[byte] ?? 0) + 1
      // 400 expected, standard deviation 20: eight of them are out of the question.
      expect(Math.min(...counts)).toBeGreaterThan(240)
      expect(Math.max(...counts)).toBeLessThan(560)
    })
  })
}
