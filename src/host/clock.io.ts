import type { Clock } from './host.ts'

/** Timers of Node take at most this; what is longer is cut into pieces. */
const timerMsMax = 2 ** 31 - 1

export function newClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(ms, callback) {
      let timer: NodeJS.Timeout
      const arm = (leftMs: number): void => {
        const pieceMs = Math.min(leftMs, timerMsMax)
        timer = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : callback()), pieceMs)
      }
      arm(Math.max(0, Math.ceil(ms)))
      return () => clearTimeout(timer)
    },
  }
}
