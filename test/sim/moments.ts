import type { DiskWrite } from '../../src/host/host.ts'
import type { Random } from '../../src/lib/random.ts'
import type { SimCluster, SimNode } from './cluster.ts'
import type { SimLinks } from './host/links.ts'
import type { SimLogLine } from './host/log.ts'

/**
 * Faults that strike at the moments that count. A crash at a random time hits a vote, the first commit of a leader or an
 * installation once in thousands of seeds; protocols break there. So some seeds watch what daemons say and write, and
 * strike one just then: crash it (in the middle of the write, or a little later), cut its links, or pause it.
 */
export interface Moments {
  line(line: SimLogLine): void
  writing(node: SimNode, database: string, batch: readonly DiskWrite[], sync: boolean, takesMs: number): void
}

export type MomentKind = (typeof momentKinds)[number]

export const momentKinds = [
  'crash at a moment',
  'cut at a moment',
  'pause at a moment',
  'leaders cut off in turn',
] as const

export interface MomentOptions {
  readonly cluster: SimCluster
  readonly links: SimLinks
  readonly random: Random
  /** Those that this seed has. */
  readonly kinds: readonly MomentKind[]
  /** Notes that one struck. */
  readonly struck: (kind: MomentKind, node: string) => void
  /** Calls back after so long, if faults still go on. */
  readonly later: (afterMs: number, callback: () => void) => void
}

/** How likely a moment is struck in the most eager seed; what is rare, more. */
const lineChances: Readonly<Record<string, number>> = {
  voted: 0.2,
  'became leader': 0.5,
  'first commit of a leader': 0.4,
  committed: 0.01,
  installed: 0.3,
  'snapshot installed': 0.3,
  'members changed': 0.1,
  'controllers run': 0.1,
  'pod bound': 0.05,
}

const writeChances = { vote: 0.3, installation: 0.3, 'cut of the log': 0.1, state: 0.02, entries: 0.004 } as const

export function newMoments({ cluster, links, random, kinds, struck, later }: MomentOptions): Moments {
  const eagerness = 0.1 + 0.9 * random.next()
  const striking = kinds.filter((kind) => kind !== 'leaders cut off in turn')
  const led = new Set<string>()

  /** Every second time it is back before others have noticed. */
  function crash(node: SimNode, afterMs: number): void {
    const { lives } = node
    const downMs = random.chance(0.5) ? 10 + random.next() * 200 : 100 + random.next() ** 2 * 12_000
    later(afterMs, () => {
      if (node.lives !== lives) return
      cluster.crash(node)
      later(downMs, () => cluster.start(node))
    })
  }

  /** The node no longer hears the others, or is no longer heard, or both; or that of some of them. */
  function cut({ name }: SimNode): void {
    const others = cluster.nodes.map((node) => node.name).filter((other) => other !== name)
    const some = random.chance(0.3) ? random.shuffle(others).slice(0, 1 + random.below(others.length)) : others
    const way = random.pick(['out', 'out', 'both', 'both', 'in'])
    const wires = some.flatMap((other) => [
      ...(way === 'in' ? [] : [[name, other] as const]),
      ...(way === 'out' ? [] : [[other, name] as const]),
    ])
    for (const [from, to] of wires) links.cut(from, to)
    later(200 + random.next() ** 2 * 8_000, () => {
      for (const [from, to] of wires) links.join(from, to)
    })
  }

  function pause(node: SimNode): void {
    const { process } = node
    process?.pause()
    later(50 + random.next() ** 2 * 6_000, () => process?.resume())
  }

  function hit(node: SimNode, withinMs: number): void {
    const kind = random.pick(striking)
    struck(kind, node.name)
    if (kind === 'crash at a moment') crash(node, random.next() * withinMs)
    else if (kind === 'pause at a moment') pause(node)
    else cut(node)
  }

  function happens(chance: number): boolean {
    return striking.length > 0 && random.chance(chance * eagerness)
  }

  /**
   * One leader after the other is alone for a while: as it begins, as it has committed something for the first time, or
   * any time later. So logs part: each has a tail that nobody else has, and whoever leads next may bring back an old one
   * (thesis 3.6.2, figure 3.7).
   */
  function cutOffLeader(name: string): void {
    struck('leaders cut off in turn', name)
    const others = cluster.nodes.map((node) => node.name).filter((other) => other !== name)
    for (const other of others) {
      links.cut(name, other)
      links.cut(other, name)
    }
    later(1_000 + random.next() * 5_000, () => {
      for (const other of others) {
        links.join(name, other)
        links.join(other, name)
      }
    })
  }

  function inTurn(moment: string, { node }: SimLogLine): void {
    if (!kinds.includes('leaders cut off in turn')) return
    if (moment === 'first commit of a leader' && random.chance(0.4)) cutOffLeader(node)
    if (moment !== 'became leader') return
    if (random.chance(0.4)) cutOffLeader(node)
    else later(random.next() * 3_000, () => cutOffLeader(node))
  }

  /** Which moment a line tells of. */
  function momentOf({ node, message, fields }: SimLogLine): string {
    if (message !== 'committed') return message
    const term = `${node} ${fields.term}`
    if (led.has(term)) return message
    led.add(term)
    return 'first commit of a leader'
  }

  return {
    line(line) {
      const moment = momentOf(line)
      inTurn(moment, line)
      const chance = lineChances[moment]
      if (chance === undefined || !happens(chance)) return
      hit(cluster.node(line.node), random.chance(0.5) ? 1 : 30)
    },
    writing(node, database, batch, sync, takesMs) {
      if (happens(writeChances[writeOf(database, batch, sync)])) hit(node, takesMs * 1.5)
    },
  }
}

function writeOf(database: string, batch: readonly DiskWrite[], sync: boolean): keyof typeof writeChances {
  if (database === 'state') return 'state'
  if (!sync) return 'cut of the log'
  if (batch.some(({ key }) => key === 'installing')) return 'installation'
  return batch.every(({ key }) => key === 'state') ? 'vote' : 'entries'
}
