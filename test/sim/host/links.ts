import type { Random } from '../../../src/lib/random.ts'

/** The state of the wires: which are cut, in which direction, and how badly the others carry. */
export interface SimLinks {
  isCut(fromNode: string, toNode: string): boolean
  cut(fromNode: string, toNode: string): void
  /** Every wire carries again. */
  mend(): void
  /** This one carries again, in this direction. */
  join(fromNode: string, toNode: string): void
  onCut(listener: (fromNode: string, toNode: string) => void): void
  /** One packet's time on the way. */
  delayMs(random: Random): number
  lossChance: number
  repeatChance: number
  reorderChance: number
  /** Smallest delay, and what the largest adds to it: most packets are quick, few very slow. */
  delayMinMs: number
  delaySpreadMs: number
}

export function newSimLinks(): SimLinks {
  const cuts = new Set<string>()
  const listeners: ((from: string, to: string) => void)[] = []
  const links: SimLinks = {
    lossChance: 0,
    repeatChance: 0,
    reorderChance: 0,
    delayMinMs: 0.1,
    delaySpreadMs: 2,
    isCut: (from, to) => cuts.has(`${from}>${to}`),
    cut(from, to) {
      if (cuts.has(`${from}>${to}`)) return
      cuts.add(`${from}>${to}`)
      for (const listener of listeners) listener(from, to)
    },
    mend: () => cuts.clear(),
    join: (from, to) => void cuts.delete(`${from}>${to}`),
    onCut: (listener) => void listeners.push(listener),
    delayMs: (random) => links.delayMinMs + random.next() ** 4 * links.delaySpreadMs,
  }
  return links
}

/** Wires without faults, for suites that only need two hosts. */
export function allowEverything(): SimLinks {
  return newSimLinks()
}
