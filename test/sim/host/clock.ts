import type { Clock } from '../../../src/host/host.ts'
import { assert } from '../../../src/lib/assert.ts'
import type { SimProcess } from '../process.ts'
import type { World } from '../world.ts'

/** The clocks of one machine, which outlive its daemons: a wall clock that may be wrong and jump, a monotonic one that may drift. */
export interface SimMachineClock {
  /** Adds to the wall clock. */
  jump(byMs: number): void
  /** Milliseconds of this machine's clocks per millisecond of the world; 1: right. */
  drift(rate: number): void
  /** Sets the wall clock right (as a time service does), and the rate to 1. */
  correct(): void
  readonly wallMs: number
  readonly monotonicMs: number
  readonly rate: number
}

/** When the worlds begin: an arbitrary moment, for readable timestamps. */
export const worldEpochMs = Date.UTC(2026, 0, 1)

export function newSimMachineClock(world: World): SimMachineClock {
  let rate = 1
  let skewMs = 0
  let baseMs = 0
  let baseWorldMs = 0
  const monotonicMs = (): number => baseMs + (world.nowMs - baseWorldMs) * rate
  const drift = (to: number): void => {
    baseMs = monotonicMs()
    baseWorldMs = world.nowMs
    rate = to
  }
  return {
    jump(byMs) {
      skewMs += byMs
    },
    drift,
    correct() {
      drift(1)
      skewMs = world.nowMs - monotonicMs()
    },
    get wallMs() {
      return worldEpochMs + Math.floor(monotonicMs() + skewMs)
    },
    get monotonicMs() {
      return monotonicMs()
    },
    get rate() {
      return rate
    },
  }
}

/** Timers are late by up to this, as an event loop's are. */
const lateMsMax = 1

export function newSimClock(world: World, process: SimProcess, machine: SimMachineClock): Clock {
  const random = world.random.fork()
  return {
    nowMs: () => machine.wallMs,
    monotonicMs: () => machine.monotonicMs,
    after(ms, callback) {
      assert(Number.isFinite(ms), 'a timer has a finite delay')
      return process.enter(Math.max(0, ms) / machine.rate + 0.001 + random.next() * lateMsMax, callback)
    },
  }
}
