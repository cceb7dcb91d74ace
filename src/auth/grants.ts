/**
 * Grants: what a node gives to another that asks on a user's behalf. Each is good once, for seconds, and only in the
 * hands of the node that asked: a name that leaks, or comes twice, opens nothing. Kept in memory where they are shown,
 * so that one clock alone says when they expire, and a restart revokes them all.
 */
export interface Grants<T> {
  /** False when more are open than may be. `name`: unpredictable. `nowMs`: of a clock that never goes back. */
  give(name: string, holder: string, what: T, nowMs: number): boolean
  /** What it is good for; from then on it is spent. Null when it is none, another's, spent or expired. */
  take(name: string, holder: string, nowMs: number): T | null
}

export interface GrantLimits {
  readonly lifeMs: number
  readonly openMax: number
}

export const grantDefaults: GrantLimits = { lifeMs: 10_000, openMax: 1_024 }

interface Grant<T> {
  readonly holder: string
  readonly what: T
  readonly untilMs: number
}

export function newGrants<T>({ lifeMs, openMax }: GrantLimits = grantDefaults): Grants<T> {
  // In the order in which they were given, and so in that in which they expire.
  const open = new Map<string, Grant<T>>()

  function forgetExpired(nowMs: number): void {
    for (const [name, { untilMs }] of open) {
      if (untilMs > nowMs) return
      open.delete(name)
    }
  }

  return {
    give(name, holder, what, nowMs) {
      forgetExpired(nowMs)
      if (open.size >= openMax || open.has(name)) return false
      open.set(name, { holder, what, untilMs: nowMs + lifeMs })
      return true
    },
    take(name, holder, nowMs) {
      forgetExpired(nowMs)
      const grant = open.get(name)
      if (grant === undefined || grant.holder !== holder) return null
      open.delete(name)
      return grant.what
    },
  }
}
