import type { Random } from '../../src/lib/random.ts'
import type { SimCluster, SimNode } from './cluster.ts'
import type { SimHttp } from './host/http.ts'
import type { SimLinks } from './host/links.ts'
import type { SimLogLine } from './host/log.ts'
import { momentKinds, newMoments } from './moments.ts'
import type { World } from './world.ts'

/**
 * What goes wrong in a world. Each seed draws which kinds it has and how often (a run without some kinds reaches states
 * that a run with all of them never does; Groce and others, "Swarm testing", 2012). `heal` ends everything.
 */
export interface Faults {
  start(): void
  /** No new faults; all that broke works again. Crashed daemons are not started: that is the cluster's. */
  heal(): void
  /** A daemon said something: a moment at which some faults strike. */
  line(line: SimLogLine): void
  /** Whether faults go on. */
  readonly active: boolean
  readonly kinds: readonly FaultKind[]
  readonly counts: Record<string, number>
}

export type FaultKind = (typeof faultKinds)[number] | (typeof momentKinds)[number]
type ActKind = (typeof faultKinds)[number]

export const faultKinds = [
  'crash',
  'crash of the leader',
  'crash of all',
  'ordered stop',
  'pause',
  'partition',
  'one-way partition',
  'partial partition',
  'isolation',
  'packet loss',
  'packets repeated and reordered',
  'slow network',
  'slow disk',
  'failing disk',
  'clock jump',
  'clock drift',
  'slow engine',
  'failing engine',
  'engine stopped',
  'container dies',
  'container removed by hand',
  'requests lost',
  'node without clients',
] as const

interface Act {
  /** Mean time between two, in milliseconds. */
  readonly everyMs: number
  /** Does it to the world; `after` undoes or follows up. */
  act(random: Random): void
}

export interface FaultOptions {
  readonly world: World
  readonly cluster: SimCluster
  readonly links: SimLinks
  readonly http: SimHttp
  /** The node that leads, as far as the world knows. */
  readonly leader: () => SimNode | null
}

export function newFaults(options: FaultOptions): Faults {
  const { world, cluster, links, http } = options
  const random = world.random.fork()
  const timed = faultKinds.filter(() => random.chance(0.4))
  const sudden = momentKinds.filter(() => random.chance(0.3))
  const counts: Record<string, number> = {}
  let active = false
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  const whileActive = (afterMs: number, callback: () => void): void => {
    world.after(afterMs, () => active && callback())
  }
  const acts = actsOf(options, whileActive)
  const struck = (kind: FaultKind, node: string): void => {
    count(kind)
    world.note('fault', node, kind)
  }
  const moments = newMoments({ cluster, links, random: random.fork(), kinds: sudden, struck, later: whileActive })
  for (const node of cluster.nodes) {
    const { machine } = node
    machine.disk.faults.injected = count
    machine.disk.faults.writing = (...write) => active && moments.writing(node, ...write)
    machine.engine.faults.injected = count
  }
  http.faults.injected = count

  function repeat(kind: ActKind, { everyMs, act }: Act): void {
    whileActive(everyMs * (0.2 + 1.6 * random.next()), () => {
      count(kind)
      world.note('fault', '', kind)
      act(random)
      repeat(kind, { everyMs, act })
    })
  }

  return {
    kinds: [...timed, ...sudden],
    counts,
    get active() {
      return active
    },
    start() {
      active = true
      for (const kind of timed) repeat(kind, acts[kind])
    },
    line: (line) => active && moments.line(line),
    heal() {
      active = false
      world.note('heal', '', '')
      links.mend()
      Object.assign(links, { lossChance: 0, repeatChance: 0, reorderChance: 0, delayMinMs: 0.1, delaySpreadMs: 2 })
      http.faults.lossChance = 0
      http.faults.unreachable.clear()
      for (const { machine } of cluster.nodes) {
        machine.clock.correct()
        Object.assign(machine.disk.faults, { failChance: 0, slowness: 1 })
        Object.assign(machine.engine.faults, { failChance: 0, slowness: 1 })
        machine.engine.startAgain()
      }
    },
  }
}

type Later = (afterMs: number, callback: () => void) => void

function actsOf(options: FaultOptions, later: Later): Record<ActKind, Act> {
  return {
    ...processActs(options, later),
    ...networkActs(options, later),
    ...machineActs(options, later),
    ...engineActs(options, later),
  }
}

function processActs({ cluster, leader }: FaultOptions, later: Later) {
  const crash = (node: SimNode, random: Random): void => {
    cluster.crash(node)
    later(100 + random.next() ** 2 * 12_000, () => cluster.start(node))
  }
  return {
    crash: { everyMs: 9_000, act: (random) => crash(random.pick(cluster.nodes), random) },
    'crash of the leader': {
      everyMs: 14_000,
      act(random) {
        const node = leader()
        if (node !== null) crash(node, random)
      },
    },
    'crash of all': {
      everyMs: 40_000,
      act(random) {
        for (const node of cluster.nodes) crash(node, random)
      },
    },
    'ordered stop': { everyMs: 15_000, act: (random) => cluster.stop(random.pick(cluster.nodes)) },
    pause: {
      everyMs: 8_000,
      act(random) {
        const { process } = random.pick([...cluster.nodes, ...[leader()].filter((node) => node !== null)])
        process?.pause()
        later(50 + random.next() ** 3 * 15_000, () => process?.resume())
      },
    },
  } satisfies Partial<Record<ActKind, Act>>
}

function networkActs({ cluster, links, http, leader }: FaultOptions, later: Later) {
  const names = cluster.nodes.map(({ name }) => name)
  const mendAfter = (random: Random): void => later(500 + random.next() ** 2 * 15_000, () => links.mend())
  const split = (side: readonly string[], bothWays: boolean): void => {
    for (const a of side) {
      for (const b of names.filter((name) => !side.includes(name))) {
        links.cut(a, b)
        if (bothWays) links.cut(b, a)
      }
    }
  }
  return {
    partition: {
      everyMs: 15_000,
      act(random) {
        split(random.shuffle(names).slice(0, 1 + random.below(names.length - 1)), true)
        mendAfter(random)
      },
    },
    'one-way partition': {
      everyMs: 15_000,
      act(random) {
        split(random.shuffle(names).slice(0, 1 + random.below(names.length - 1)), false)
        mendAfter(random)
      },
    },
    /** Some pairs do not hear each other, though others may hear both. */
    'partial partition': {
      everyMs: 15_000,
      act(random) {
        for (const [i, a] of names.entries())
          for (const b of names.slice(i + 1)) {
            if (!random.chance(0.4)) continue
            links.cut(a, b)
            if (random.chance(0.8)) links.cut(b, a)
          }
        mendAfter(random)
      },
    },
    isolation: {
      everyMs: 12_000,
      act(random) {
        split([(random.chance(0.6) ? leader()?.name : undefined) ?? random.pick(names)], true)
        mendAfter(random)
      },
    },
    'packet loss': {
      everyMs: 15_000,
      act(random) {
        links.lossChance = random.next() ** 2 * 0.3
        later(2_000 + random.next() * 10_000, () => Object.assign(links, { lossChance: 0 }))
      },
    },
    'packets repeated and reordered': {
      everyMs: 12_000,
      act(random) {
        Object.assign(links, { repeatChance: random.next() * 0.3, reorderChance: random.next() * 0.3 })
        later(2_000 + random.next() * 12_000, () => Object.assign(links, { repeatChance: 0, reorderChance: 0 }))
      },
    },
    'slow network': {
      everyMs: 15_000,
      act(random) {
        Object.assign(links, { delayMinMs: random.next() * 20, delaySpreadMs: random.next() ** 2 * 1_500 })
        later(2_000 + random.next() * 8_000, () => Object.assign(links, { delayMinMs: 0.1, delaySpreadMs: 2 }))
      },
    },
    'requests lost': {
      everyMs: 15_000,
      act(random) {
        http.faults.lossChance = random.next() * 0.3
        later(2_000 + random.next() * 10_000, () => Object.assign(http.faults, { lossChance: 0 }))
      },
    },
    'node without clients': {
      everyMs: 15_000,
      act(random) {
        const name = random.pick(names)
        http.faults.unreachable.add(name)
        later(1_000 + random.next() * 12_000, () => http.faults.unreachable.delete(name))
      },
    },
  } satisfies Partial<Record<ActKind, Act>>
}

function machineActs({ cluster }: FaultOptions, later: Later) {
  return {
    'slow disk': {
      everyMs: 15_000,
      act(random) {
        const { faults } = random.pick(cluster.nodes).machine.disk
        faults.slowness = 1 + random.next() ** 2 * 300
        later(1_000 + random.next() * 8_000, () => Object.assign(faults, { slowness: 1 }))
      },
    },
    'failing disk': {
      everyMs: 15_000,
      act(random) {
        const { faults } = random.pick(cluster.nodes).machine.disk
        faults.failChance = random.next() * 0.1
        later(500 + random.next() * 4_000, () => Object.assign(faults, { failChance: 0 }))
      },
    },
    'clock jump': {
      everyMs: 12_000,
      act: (random) =>
        random.pick(cluster.nodes).machine.clock.jump(Math.floor((random.next() - 0.5) ** 3 * 4_000_000)),
    },
    'clock drift': {
      everyMs: 20_000,
      act: (random) => random.pick(cluster.nodes).machine.clock.drift(0.95 + random.next() * 0.1),
    },
  } satisfies Partial<Record<ActKind, Act>>
}

function engineActs({ cluster, world }: FaultOptions, later: Later) {
  const containers = (random: Random) => {
    const { engine } = random.pick(cluster.nodes).machine
    const running = engine.containers.filter(({ state }) => state === 'running')
    return { engine, container: running.length === 0 ? null : random.pick(running) }
  }
  return {
    'slow engine': {
      everyMs: 15_000,
      act(random) {
        const { faults } = random.pick(cluster.nodes).machine.engine
        faults.slowness = 1 + random.next() ** 2 * 50
        later(1_000 + random.next() * 10_000, () => Object.assign(faults, { slowness: 1 }))
      },
    },
    'failing engine': {
      everyMs: 15_000,
      act(random) {
        const { faults } = random.pick(cluster.nodes).machine.engine
        faults.failChance = random.next() * 0.5
        later(1_000 + random.next() * 10_000, () => Object.assign(faults, { failChance: 0 }))
      },
    },
    'engine stopped': {
      everyMs: 20_000,
      act(random) {
        const { engine } = random.pick(cluster.nodes).machine
        engine.stop(random.chance(0.5))
        later(500 + random.next() * 10_000, () => engine.startAgain())
      },
    },
    'container dies': {
      everyMs: 6_000,
      act(random) {
        const { engine, container } = containers(random)
        if (container !== null) engine.exit(container, random.pick([0, 1, 137, 139]))
        else world.note('fault', '', 'none to die')
      },
    },
    'container removed by hand': {
      everyMs: 12_000,
      act(random) {
        const { engine, container } = containers(random)
        if (container !== null) engine.removeByHand(container)
      },
    },
  } satisfies Partial<Record<ActKind, Act>>
}
