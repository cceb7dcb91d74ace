/** Counts what failed, by where it came from, so that guessing is slow. In memory, per node; time is an argument. */
export interface Failures {
  /** How long this address must wait; 0: not at all. */
  waitMs(address: string, nowMs: number): number
  failed(address: string, nowMs: number): void
}

export interface FailureLimits {
  readonly perWindowMax: number
  readonly windowMs: number
  /** Beyond it the address that failed longest ago is forgotten. */
  readonly addressesMax: number
}

interface Window {
  readonly sinceMs: number
  count: number
}

/** `nowMs`: of a clock that never goes back. */
export function newFailures(limits: FailureLimits): Failures {
  const windows = new Map<string, Window>()
  const current = (address: string, nowMs: number): Window | undefined => {
    const window = windows.get(address)
    return window !== undefined && nowMs - window.sinceMs < limits.windowMs ? window : undefined
  }
  return {
    waitMs(address, nowMs) {
      const window = current(address, nowMs)
      if (window === undefined || window.count < limits.perWindowMax) return 0
      return window.sinceMs + limits.windowMs - nowMs
    },
    failed(address, nowMs) {
      const window = current(address, nowMs) ?? { sinceMs: nowMs, count: 0 }
      window.count++
      windows.delete(address)
      windows.set(address, window)
      const [oldest] = windows.keys()
      if (windows.size > limits.addressesMax && oldest !== undefined) windows.delete(oldest)
    },
  }
}
