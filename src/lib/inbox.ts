/**
 * A bounded queue between callbacks and one loop. Devices offer, the loop takes everything that has come: what arrived
 * while the loop was busy is its next batch. When full, `offer` refuses; an inbox never grows.
 */
export interface Inbox<T> {
  /** False when the inbox is full and the item was refused. */
  offer(item: T): boolean
  /** Waits for at least one item, then takes all. Rejects with `signal.reason` when aborted. */
  takeAll(signal: AbortSignal): Promise<T[]>
  /** How many wait. */
  readonly size: number
}

export function newInbox<T>(inboxMax: number): Inbox<T> {
  let items: T[] = []
  let wake: (() => void) | null = null
  return {
    get size() {
      return items.length
    },
    offer(item) {
      if (items.length >= inboxMax) return false
      items.push(item)
      wake?.()
      return true
    },
    async takeAll(signal) {
      signal.throwIfAborted()
      if (items.length === 0) {
        await new Promise<void>((resolve, reject) => {
          const abort = (): void => reject(signal.reason as Error)
          signal.addEventListener('abort', abort, { once: true })
          wake = () => {
            signal.removeEventListener('abort', abort)
            wake = null
            resolve()
          }
        })
      }
      const taken = items
      items = []
      return taken
    },
  }
}
