import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/host/host.ts'

/** What every clock keeps to. `make` gives a fresh one and its end. */
export function clockSuite(form: string, make: () => { readonly clock: Clock; end(): void }): void {
  describe(`clock, ${form}`, () => {
    const withClock = async (run: (clock: Clock) => Promise<void>): Promise<void> => {
      const { clock, end } = make()
      try {
        await run(clock)
      } finally {
        end()
      }
    }
    const pass = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))

    it('calls back once, not before its time, and never at once', () =>
      withClock(async (clock) => {
        const startMs = clock.monotonicMs()
        let calls = 0
        await new Promise<void>((resolve) => {
          clock.after(20, () => {
            calls++
            resolve()
          })
          expect(calls).toBe(0)
        })
        expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19.9)
        await pass(clock, 30)
        expect(calls).toBe(1)
      }))

    it('does not call back at once for no delay, nor for one that is over', () =>
      withClock(async (clock) => {
        for (const ms of [0, -5]) {
          let called = false
          const done = new Promise<void>((resolve) => {
            clock.after(ms, () => {
              called = true
              resolve()
            })
          })
          await Promise.resolve()
          expect(called).toBe(false)
          await done
        }
      }))

    it('keeps shorter delays before longer ones', () =>
      withClock(async (clock) => {
        const order: string[] = []
        clock.after(40, () => order.push('long'))
        clock.after(5, () => order.push('short'))
        await pass(clock, 80)
        expect(order).toEqual(['short', 'long'])
      }))

    it('does not call back what was cancelled, and cancelling twice or late is no error', () =>
      withClock(async (clock) => {
        let calls = 0
        const cancel = clock.after(10, () => calls++)
        cancel()
        cancel()
        const late = clock.after(1, () => calls++)
        await pass(clock, 30)
        late()
        expect(calls).toBe(1)
      }))

    it('never goes back, and passes by about as much as was waited', () =>
      withClock(async (clock) => {
        const wallMs = clock.nowMs()
        const startMs = clock.monotonicMs()
        let lastMs = startMs
        for (let i = 0; i < 10; i++) {
          await pass(clock, 3)
          expect(clock.monotonicMs()).toBeGreaterThanOrEqual(lastMs)
          lastMs = clock.monotonicMs()
        }
        expect(lastMs - startMs).toBeGreaterThanOrEqual(29)
        expect(clock.nowMs() - wallMs).toBeGreaterThanOrEqual(25)
        expect(wallMs).toBeGreaterThan(Date.UTC(2025, 0, 1))
        expect(Number.isInteger(wallMs)).toBe(true)
      }))
  })
}
