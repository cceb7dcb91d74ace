import { assert } from '../../src/lib/assert.ts'
import { newRandom, type Random } from '../../src/lib/random.ts'
import { newTrace, type Trace } from './trace.ts'

/**
 * Virtual time. One queue of events ordered by time, ties broken by the seed; an event runs, then everything that it
 * woke (every promise, to the last microtask), then the next event. Nothing else runs: a daemon that waits for the real
 * world would wait for ever, and one that asks the real world for time or chance is stopped by `guard.ts`.
 */
export interface World {
  readonly seed: number
  /** Milliseconds since the world began. */
  readonly nowMs: number
  /** The world's own chance. Devices `fork` theirs, so that one does not shift another's. */
  readonly random: Random
  readonly trace: Trace
  /** Runs `callback` after `delayMs` (0: next, after all that waits for this instant by lot); the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void
  /** Records an event now. */
  note(kind: string, where: string, detail: string): void
  /** Runs events until `done` answers true (asked after each), none is left, or the next lies beyond `untilMs`; the time is `untilMs` then. */
  run(untilMs: number, done?: () => boolean): Promise<void>
  /** Runs events whenever there are any, until the returned function is called: for conformance suites, which wait on promises. */
  runFreely(): () => void
  /** The first error an event threw; `run` rejects with it. */
  fail(error: Error): void
}

interface Event {
  readonly atMs: number
  readonly tie: number
  readonly callback: () => void
  cancelled: boolean
}

/** Immediates queued at once: node drains all microtasks between two, and asks the kernel for news only after the last. */
const hopsPerTurn = 32

export function newWorld(seed: number): World {
  const random = newRandom(seed)
  const ties = random.fork()
  const trace = newTrace()
  const queue: Event[] = []
  let nowMs = 0
  let failure: Error | null = null
  let woken: (() => void) | null = null

  function runNext(): void {
    const event = pop(queue)
    if (event === undefined || event.cancelled) return
    assert(event.atMs >= nowMs, 'time does not go back')
    nowMs = event.atMs
    try {
      event.callback()
    } catch (cause) {
      world.fail(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }

  const world: World = {
    seed,
    random,
    trace,
    get nowMs() {
      return nowMs
    },
    after(delayMs, callback) {
      assert(delayMs >= 0 && Number.isFinite(delayMs), 'a delay is a number of milliseconds')
      const event: Event = { atMs: nowMs + delayMs, tie: ties.next(), callback, cancelled: false }
      push(queue, event)
      woken?.()
      return () => {
        event.cancelled = true
      }
    },
    note: (kind, where, detail) => trace.add(nowMs, kind, where, detail),
    fail(error) {
      failure ??= error
    },
    run: (untilMs, done) =>
      new Promise((resolve, reject) => {
        let settled = false
        const settle = (error: Error | null): void => {
          settled = true
          if (error === null) resolve()
          else reject(error)
        }
        const step = (again: boolean): void => {
          if (settled) return
          const next = queue[0]
          if (failure !== null || done?.() === true) settle(failure)
          else if (next === undefined || next.atMs > untilMs) {
            if (Number.isFinite(untilMs)) nowMs = Math.max(nowMs, untilMs)
            settle(null)
          } else {
            runNext()
            if (again) turn()
          }
        }
        const turn = (): void => {
          for (let hop = 1; hop <= hopsPerTurn; hop++) setImmediate(step, hop === hopsPerTurn)
        }
        turn()
      }),
    runFreely() {
      let stopped = false
      let waiting = false
      const step = (): void => {
        waiting = false
        if (stopped) return
        runNext()
        if (queue.length > 0) wake()
      }
      const wake = (): void => {
        if (waiting || stopped) return
        waiting = true
        setImmediate(step)
      }
      woken = wake
      if (queue.length > 0) wake()
      return () => {
        stopped = true
        woken = null
      }
    },
  }
  return world
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie)
}

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(event, heap[parent] as Event)) break
    heap[at] = heap[parent] as Event
    at = parent
  }
  heap[at] = event
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++
    if (!before(heap[child] as Event, last)) break
    heap[at] = heap[child] as Event
    at = child
  }
  heap[at] = last
  return first
}
