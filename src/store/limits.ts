import type { Amount, Key, Refusal } from './types.ts'

/** What one record provides and takes. Lives and dies with the record. */
export interface Holding {
  readonly provides: readonly Amount[]
  readonly claims: readonly Amount[]
}

export const emptyHolding: Holding = { provides: [], claims: [] }

/** One record's holding before and after a write. */
export interface Exchange {
  readonly key: Key
  readonly before: Holding
  readonly after: Holding
}

/**
 * The books: what every limit offers and what is taken of it, always the exact sums over the records that stand.
 * Nothing of it is stored; it is added up again from the records.
 *
 * Invariant: a transaction never raises the use of a limit above its capacity. What is compared is the balance of the
 * whole transaction, so that a claim may pass from one record to another even where the limit was lowered below its use.
 */
export interface Limits {
  /** Undefined where no record provides the limit, even if claims on it stand. */
  get(name: string): { readonly used: number; readonly capacity: number } | undefined
  /** Why these exchanges may not all happen; empty: they may. Changes nothing. */
  refusals(exchanges: readonly Exchange[]): Refusal[]
  /** Books the exchanges, whatever they are: who must ask, has asked before. */
  book(exchanges: readonly Exchange[]): void
}

interface Account {
  used: number
  capacity: number
  /** How many records provide it. An account without provider or use is closed. */
  providers: number
}

interface Balance {
  used: number
  capacity: number
  providers: number
  /** The first write that takes more of this limit than before. */
  asker: Key | null
}

export function newLimits(): Limits {
  const accounts = new Map<string, Account>()
  const closed: Account = { used: 0, capacity: 0, providers: 0 }

  return {
    get(name) {
      const account = accounts.get(name)
      return account === undefined || account.providers === 0
        ? undefined
        : { used: account.used, capacity: account.capacity }
    },

    refusals(exchanges) {
      const refusals: Refusal[] = []
      for (const [limit, balance] of balances(exchanges)) {
        if (balance.used <= 0 || balance.asker === null) continue
        const { used, ...account } = accounts.get(limit) ?? closed
        const capacity = account.capacity + balance.capacity
        const provided = account.providers + balance.providers > 0
        if (provided && used + balance.used <= capacity) continue
        refusals.push({ type: 'claim', key: balance.asker, limit, asked: balance.used, used, capacity })
      }
      return refusals
    },

    book(exchanges) {
      for (const [limit, balance] of balances(exchanges)) {
        const account = accounts.get(limit) ?? { ...closed }
        account.used += balance.used
        account.capacity += balance.capacity
        account.providers += balance.providers
        if (account.providers === 0 && account.used === 0) accounts.delete(limit)
        else accounts.set(limit, account)
      }
    },
  }
}

/** What the exchanges come to, limit by limit, in the order in which they are first named. */
function balances(exchanges: readonly Exchange[]): Map<string, Balance> {
  const sums = new Map<string, Balance>()
  const balanceOf = (limit: string): Balance => {
    const known = sums.get(limit)
    if (known !== undefined) return known
    const fresh: Balance = { used: 0, capacity: 0, providers: 0, asker: null }
    sums.set(limit, fresh)
    return fresh
  }
  for (const { key, before, after } of exchanges) {
    for (const { limit, amount } of before.provides) {
      const balance = balanceOf(limit)
      balance.capacity -= amount
      balance.providers -= 1
    }
    for (const { limit, amount } of after.provides) {
      const balance = balanceOf(limit)
      balance.capacity += amount
      balance.providers += 1
    }
    if (before.claims === after.claims) continue
    for (const { limit, amount } of before.claims) balanceOf(limit).used -= amount
    for (const { limit, amount } of after.claims) {
      const balance = balanceOf(limit)
      balance.used += amount
      const held = before.claims.find((claim) => claim.limit === limit)?.amount ?? 0
      if (amount > held) balance.asker ??= key
    }
  }
  return sums
}
