import type { Identity, Update } from './member.ts'

/**
 * News on its way to the others, carried by every message. At most one piece a member, for a newer one replaces an
 * older. Each is sent a limited number of times (SWIM 4.1): enough to reach all of n members with high probability.
 */
export interface Broadcasts {
  add(update: Update): void
  /** The pieces sent least often, the newest first among equals; counted as sent. */
  take(countMax: number, memberCount: number): Update[]
  has(identity: Identity): boolean
  remove(identity: Identity): void
  readonly size: number
}

interface Piece {
  readonly update: Update
  readonly order: number
  sent: number
}

export function newBroadcasts(retransmitFactor: number): Broadcasts {
  const pieces = new Map<Identity, Piece>()
  let order = 0
  return {
    get size() {
      return pieces.size
    },
    has: (identity) => pieces.has(identity),
    add(update) {
      order++
      pieces.set(update.identity, { update, order, sent: 0 })
    },
    take(countMax, memberCount) {
      if (pieces.size === 0) return []
      const limit = retransmitLimit(memberCount, retransmitFactor)
      const chosen = [...pieces.values()].sort((a, b) => a.sent - b.sent || b.order - a.order).slice(0, countMax)
      for (const piece of chosen) {
        piece.sent++
        if (piece.sent >= limit) pieces.delete(piece.update.identity)
      }
      return chosen.map((piece) => piece.update)
    },
    remove: (identity) => void pieces.delete(identity),
  }
}

/** How often one piece of news is sent. */
export function retransmitLimit(memberCount: number, retransmitFactor: number): number {
  return retransmitFactor * Math.ceil(Math.log10(memberCount + 1))
}
