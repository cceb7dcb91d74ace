import { sha256 } from '../lib/hash.ts'
import type { Amounts } from '../objects/capacity.ts'
import type { Candidate } from './node.ts'

/**
 * How well a pod suits a node, in [0, 1]. Two wishes are weighed:
 *
 * - **fit**: the dot product of what is asked and what is free, each as share of the node (Panigrahy et al., "Heuristics
 *   for Vector Bin Packing", 2011), so that a pod hungry for memory goes where memory is left over, and no resource is
 *   used up while the others lie idle;
 * - **room**: how little of the node is promised, so that a half-empty cluster is evenly loaded and a dead node takes few
 *   with it.
 *
 * The fuller a node would get, the more fit counts: packing matters where room is short.
 */
export function score(asked: Amounts, candidate: Candidate): number {
  const fitting = ['cpu', 'memory'].map((resource) => sharesOf(resource, asked, candidate))
  // Pods count as room alone, so that many small ones spread although they ask for nothing.
  const all = [...fitting, sharesOf('pods', asked, candidate)]
  const used = Math.max(...fitting.map(({ free, ask }) => 1 - free + ask))
  const room = all.reduce((sum, { free, ask }) => sum + free - ask, 0) / all.length
  return used * cosine(fitting) + (1 - used) * room
}

interface Shares {
  readonly ask: number
  readonly free: number
}

function sharesOf(resource: string, asked: Amounts, { free, capacity }: Candidate): Shares {
  const whole = capacity[resource] ?? 0
  if (whole <= 0) return { ask: 0, free: 0 }
  return { ask: (asked[resource] ?? 0) / whole, free: Math.max(0, free[resource] ?? 0) / whole }
}

/** How much what is asked and what is free point the same way; 1: exactly. */
function cosine(shares: readonly Shares[]): number {
  let dot = 0
  let asks = 0
  let frees = 0
  for (const { ask, free } of shares) {
    dot += ask * free
    asks += ask * ask
    frees += free * free
  }
  return asks === 0 || frees === 0 ? 0 : dot / Math.sqrt(asks * frees)
}

/** Breaks ties: evenly over the nodes, for each pod otherwise, and everywhere the same. */
export function lot(uid: string, node: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(`${uid}/${node}`)
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}
