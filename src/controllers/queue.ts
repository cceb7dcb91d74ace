/**
 * What to look at next: keys of controllers, each at most once, in the order in which they became due. A key that was
 * refused waits longer each time; one that asked for another look later is put in again then.
 */
export interface Queue {
  /** Look at it as soon as possible. */
  add(item: Item): void
  /** Look at it again after so long, though nothing changed. */
  later(item: Item, afterMs: number, nowMs: number): void
  /** Somebody else wrote first, or the world is at fault: again, after a while that grows. */
  failed(item: Item, nowMs: number): void
  succeeded(item: Item): void
  /** It is not looked at for so long, whatever happens. */
  rest(item: Item, forMs: number, nowMs: number): void
  /** Takes what is due, at most so many. */
  take(nowMs: number, max: number): readonly Item[]
  /** When something will be due by the passing of time; null: never. */
  nextMs(): number | null
  readonly size: number
}

export interface Item {
  /** The index of the controller in their list. */
  readonly controller: number
  readonly key: string
}

const failureDelayMsMin = 5
const failureDelayMsMax = 5_000

export function newQueue(): Queue {
  const due = new Map<string, Item>()
  const timed = new Map<string, { readonly item: Item; readonly atMs: number }>()
  const failures = new Map<string, number>()
  const resting = new Map<string, number>()
  let restless: number | null = null
  let nextMs: number | null = null

  function schedule(id: string, item: Item, atMs: number): void {
    const before = timed.get(id)
    if (before !== undefined && before.atMs <= atMs) return
    timed.set(id, { item, atMs })
    if (nextMs === null || atMs < nextMs) nextMs = atMs
  }

  /** Forgets rests that are over. */
  function rouse(nowMs: number): void {
    if (restless === null || nowMs < restless) return
    restless = null
    for (const [id, untilMs] of resting) {
      if (untilMs <= nowMs) resting.delete(id)
      else restless = Math.min(restless ?? untilMs, untilMs)
    }
  }

  function ripen(nowMs: number): void {
    rouse(nowMs)
    if (nextMs === null || nowMs < nextMs) return
    nextMs = null
    for (const [id, { item, atMs }] of timed) {
      if (atMs <= nowMs) {
        timed.delete(id)
        due.set(id, item)
      } else if (nextMs === null || atMs < nextMs) nextMs = atMs
    }
  }

  return {
    add(item) {
      const id = idOf(item)
      const untilMs = resting.get(id)
      if (untilMs === undefined) due.set(id, item)
      else schedule(id, item, untilMs)
    },
    rest(item, forMs, nowMs) {
      const id = idOf(item)
      const untilMs = nowMs + forMs
      resting.set(id, untilMs)
      if (due.delete(id)) schedule(id, item, untilMs)
      // So that its rest is forgotten again.
      restless = restless === null ? untilMs : Math.min(restless, untilMs)
    },
    later: (item, afterMs, nowMs) => schedule(idOf(item), item, nowMs + afterMs),
    failed(item, nowMs) {
      const id = idOf(item)
      const count = (failures.get(id) ?? 0) + 1
      failures.set(id, count)
      schedule(id, item, nowMs + Math.min(failureDelayMsMin * 2 ** Math.min(count - 1, 16), failureDelayMsMax))
    },
    succeeded: (item) => void failures.delete(idOf(item)),
    take(nowMs, max) {
      ripen(nowMs)
      const taken: Item[] = []
      for (const [id, item] of due) {
        if (taken.length === max) break
        due.delete(id)
        taken.push(item)
      }
      return taken
    },
    nextMs: () => (due.size > 0 ? Number.NEGATIVE_INFINITY : nextMs),
    get size() {
      return due.size + timed.size
    },
  }
}

function idOf({ controller, key }: Item): string {
  return `${controller} ${key}`
}
