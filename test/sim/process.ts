import type { World } from './world.ts'

/**
 * One life of a daemon: the gate through which every device calls into it. While it is paused, what would have reached
 * it waits; once it is dead, nothing reaches it again and nothing it asks for has an effect, so that a daemon frozen in
 * the middle of anything is as good as one that was killed there.
 */
export interface SimProcess {
  /** The host it runs on, as in `n1`. */
  readonly node: string
  /** Counts the lives on this host, from 1. */
  readonly life: number
  readonly alive: boolean
  readonly paused: boolean
  /** Calls into the process after `delayMs`, or when it wakes; never once it is dead. The returned function cancels. */
  enter(delayMs: number, callback: () => void): () => void
  /** Calls into the process now, from an event of the world; or when it wakes; never once it is dead. */
  deliver(callback: () => void): void
  pause(): void
  resume(): void
  kill(): void
  /** Called once, at death, in order of registration. */
  onKill(listener: () => void): void
}

interface Visit {
  readonly callback: () => void
  cancelled: boolean
}

/** Between two things that waited for a paused process. */
const catchUpMs = 0.002

export function newSimProcess(world: World, node: string, life = 1): SimProcess {
  let alive = true
  let paused = false
  let waiting: Visit[] = []
  const listeners: (() => void)[] = []

  function catchUp(): void {
    if (!alive || paused) return
    const next = waiting.shift()
    if (next !== undefined && !next.cancelled) next.callback()
    if (waiting.length > 0) world.after(catchUpMs, catchUp)
  }

  function deliver(visit: Visit): void {
    if (!alive) return
    if (paused || waiting.length > 0) waiting.push(visit)
    else visit.callback()
  }

  return {
    node,
    life,
    get alive() {
      return alive
    },
    get paused() {
      return paused
    },
    enter(delayMs, callback) {
      const visit = { callback, cancelled: false }
      const cancel = world.after(delayMs, () => deliver(visit))
      return () => {
        visit.cancelled = true
        cancel()
      }
    },
    deliver: (callback) => deliver({ callback, cancelled: false }),
    pause() {
      paused = true
    },
    resume() {
      if (!paused) return
      paused = false
      if (waiting.length > 0) world.after(catchUpMs, catchUp)
    },
    kill() {
      if (!alive) return
      alive = false
      waiting = []
      for (const listener of listeners) listener()
    },
    onKill: (listener) => listeners.push(listener),
  }
}

/** How a device answers a call: once, after a while, through the gate. */
export interface Answer<T> {
  resolve(delayMs: number, value: T): void
  reject(delayMs: number, error: Error): void
  /** True once it has been answered or given up. */
  readonly settled: boolean
}

/**
 * A call of a device by a daemon. Rejects with the signal's reason on abort; answers nothing, ever, in a dead process.
 * `begin` is not called when the process is dead or the signal has aborted.
 */
export function deviceCall<T>(
  process: SimProcess,
  signal: AbortSignal | null,
  begin: (answer: Answer<T>) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (!process.alive) return
    if (signal?.aborted === true) return reject(signal.reason as Error)
    let settled = false
    const settle = (): boolean => {
      if (settled) return false
      settled = true
      signal?.removeEventListener('abort', abort)
      return true
    }
    const abort = (): void => {
      if (settle()) reject((signal as AbortSignal).reason as Error)
    }
    const reach = (delayMs: number, end: () => void): void => {
      if (delayMs === 0) process.deliver(end)
      else process.enter(delayMs, end)
    }
    signal?.addEventListener('abort', abort)
    begin({
      get settled() {
        return settled
      },
      resolve: (delayMs, value) => reach(delayMs, () => settle() && resolve(value)),
      reject: (delayMs, error) => reach(delayMs, () => settle() && reject(error)),
    })
  })
}
