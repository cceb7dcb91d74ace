import type { Amounts } from '../objects/capacity.ts'
import type { Node } from '../objects/types.ts'

/** A node as placement sees it: its object, and what is free of it by the store's books. */
export interface Candidate {
  readonly node: Node
  /** What its record provides. A resource that is not in it is not there. */
  readonly capacity: Amounts
  readonly free: Amounts
}

/** The candidate after a pod that asks for this was placed on it. */
export function taken(candidate: Candidate, asked: Amounts): Candidate {
  const free = { ...candidate.free }
  for (const [resource, amount] of Object.entries(asked)) free[resource] = (free[resource] ?? 0) - amount
  return { ...candidate, free }
}
