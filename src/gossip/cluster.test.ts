import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newRandom, type Random } from '../lib/random.ts'
import { decode, encode } from './codec.ts'
import type { MemberState } from './member.ts'
import { lan } from './preset.ts'
import type { Action } from './state.ts'
import { suspicionBounds } from './suspicion.ts'
import { newSwim, type RosterEntry, type Swim } from './swim.ts'

/** Many members in one loop of virtual time, with a network that delays and loses, and no broadcast but their own gossip. */
interface Cluster {
  run(untilMs: number): void
  crash(identity: string): void
  /** A new life, which remembers nothing. */
  restart(identity: string): void
  /** Not even the clock: it misses everything until it goes on. */
  stall(identity: string, forMs: number): void
  leave(identity: string): void
  /** What the living think of this member. */
  views(identity: string): MemberState[]
  agree(): boolean
  lossChance: number
  reachable: (from: string, to: string) => boolean
  /** Every change that anyone saw: `<who> <whom> <state>`, and when. */
  readonly seen: { readonly atMs: number; readonly by: string; readonly of: string; readonly state: MemberState }[]
}

interface Life {
  readonly swim: Swim
  stalledUntilMs: number
  readonly backlog: (() => void)[]
}

function newCluster(size: number, random: Random): Cluster {
  const roster: RosterEntry[] = Array.from({ length: size }, (_, i) => ({ identity: `m${i}`, name: `node-${i}` }))
  const lives = new Map<string, Life>()
  let flights: { atMs: number; deliver: () => void }[] = []
  let nowMs = 0

  function begin(entry: RosterEntry): void {
    const swim = newSwim({ self: entry, preset: lan, random: random.fork(), nowMs })
    lives.set(entry.identity, { swim, stalledUntilMs: 0, backlog: [] })
    perform(entry.identity, swim.roster(roster, nowMs))
  }

  function deliver(from: string, to: string, bytes: Uint8Array, reply: boolean): void {
    if (random.chance(cluster.lossChance) || !cluster.reachable(from, to)) return
    flights.push({ atMs: nowMs + 0.2 + random.next() ** 3 * 10, deliver: () => arrive(from, to, bytes, reply) })
  }

  function arrive(from: string, to: string, bytes: Uint8Array, reply: boolean): void {
    const life = lives.get(to)
    if (life === undefined) return
    const enter = (): void => {
      if (lives.get(to) !== life) return
      perform(to, life.swim.receive(from, decode(bytes), nowMs))
      if (reply) deliver(to, from, encode(life.swim.news()), false)
    }
    if (nowMs < life.stalledUntilMs) life.backlog.push(enter)
    else enter()
  }

  function perform(by: string, actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.type === 'send') deliver(by, action.to, encode(action.message), false)
      else if (action.type === 'sync') {
        const news = lives.get(by)?.swim.news()
        if (news !== undefined) deliver(by, action.with, encode(news), true)
      } else if (action.type === 'changed') {
        cluster.seen.push({ atMs: nowMs, by, of: action.member.identity, state: action.member.state })
      }
    }
  }

  function step(untilMs: number): boolean {
    let next: (() => void) | null = null
    let atMs = untilMs
    for (const flight of flights) if (flight.atMs < atMs) [atMs, next] = [flight.atMs, flight.deliver]
    const flown = next
    for (const [identity, life] of lives) {
      const wakeMs = Math.max(life.swim.wakeAtMs, life.stalledUntilMs, nowMs)
      if (wakeMs < atMs) {
        atMs = wakeMs
        next = () => {
          perform(identity, life.swim.tick(nowMs))
          for (const enter of life.backlog.splice(0)) enter()
        }
      }
    }
    nowMs = atMs
    if (next !== null && next === flown) flights = flights.filter((flight) => flight.deliver !== flown)
    next?.()
    return next !== null
  }

  const cluster: Cluster = {
    lossChance: 0,
    reachable: () => true,
    seen: [],
    run(untilMs) {
      while (step(untilMs));
    },
    crash: (identity) => void lives.delete(identity),
    restart(identity) {
      begin({ identity, name: identity })
    },
    stall(identity, forMs) {
      const life = lives.get(identity)
      if (life !== undefined) life.stalledUntilMs = nowMs + forMs
    },
    leave(identity) {
      const life = lives.get(identity)
      if (life !== undefined) perform(identity, life.swim.leave(nowMs))
      lives.delete(identity)
    },
    views: (identity) =>
      [...lives.values()].map(({ swim }) => swim.members().find((m) => m.identity === identity)?.state ?? 'dead'),
    agree() {
      const views = [...lives.values()].map(({ swim }) =>
        swim
          .members()
          .map((m) => `${m.identity} ${m.state}`)
          .join(),
      )
      return new Set(views).size <= 1
    },
  }
  for (const entry of roster) begin(entry)
  return cluster
}

const seeds = fc.integer({ min: 0, max: 1_000_000 })

/** Above one round of probes, the longest suspicion, and the spreading of the news. */
function boundMs(size: number): number {
  return 2 * size * lan.probeIntervalMs + suspicionBounds(size, lan).maxMs + 2_000
}

describe('a cluster', () => {
  it('without loss holds nobody for dead, nor suspects anyone', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 12 }), (seed, size) => {
        const cluster = newCluster(size, newRandom(seed))
        cluster.run(12_000)
        expect(cluster.seen.filter(({ state }) => state !== 'alive')).toEqual([])
      }),
      { numRuns: 15 },
    )
  })

  it('detects every crash within the bound, and agrees', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 3, max: 12 }), fc.constantFrom(0, 0.05, 0.15), (seed, size, lossChance) => {
        const random = newRandom(seed)
        const cluster = newCluster(size, random)
        cluster.run(11_000)
        cluster.lossChance = lossChance
        const crashed = random.shuffle(Array.from({ length: size }, (_, i) => `m${i}`)).slice(0, 1 + random.below(2))
        for (const identity of crashed) cluster.crash(identity)
        cluster.run(11_000 + boundMs(size))
        for (const identity of crashed) expect(cluster.views(identity).every((state) => state === 'dead')).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it("detects a crash among 10 within 2.5 s in the middle, far from memberlist's 6.6 s", () => {
    const tookMs: number[] = []
    for (let seed = 0; seed < 25; seed++) {
      const cluster = newCluster(10, newRandom(seed))
      cluster.run(11_000)
      cluster.crash('m3')
      cluster.run(20_000)
      const first = cluster.seen.find(({ of, state }) => of === 'm3' && state === 'dead')
      tookMs.push((first?.atMs ?? Number.POSITIVE_INFINITY) - 11_000)
    }
    tookMs.sort((a, b) => a - b)
    expect(tookMs[12]).toBeLessThan(2_500)
    expect(tookMs[24]).toBeLessThan(3_500)
  })

  it('with a tenth of the packets lost kills nobody who lives', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const cluster = newCluster(8, newRandom(seed))
        cluster.lossChance = 0.1
        cluster.run(40_000)
        expect(cluster.seen.filter(({ state }) => state === 'dead')).toEqual([])
      }),
      { numRuns: 10 },
    )
  })

  it('survives a member that stalls: it refutes, and holds nobody else for dead', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 300, max: 8_000 }), (seed, forMs) => {
        const cluster = newCluster(6, newRandom(seed))
        cluster.run(11_000)
        cluster.stall('m1', forMs)
        cluster.run(11_000 + forMs + 6_000)
        expect(cluster.seen.filter(({ of, state }) => of !== 'm1' && state === 'dead')).toEqual([])
        expect(cluster.views('m1').every((state) => state === 'alive')).toBe(true)
        expect(cluster.agree()).toBe(true)
      }),
      { numRuns: 15 },
    )
  })

  it('takes back a member that crashed and starts again, though it remembers nothing', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const cluster = newCluster(5, newRandom(seed))
        cluster.run(11_000)
        cluster.crash('m2')
        cluster.run(25_000)
        expect(cluster.views('m2')).toEqual(['dead', 'dead', 'dead', 'dead'])
        cluster.restart('m2')
        cluster.run(30_000)
        expect(cluster.views('m2').every((state) => state === 'alive')).toBe(true)
        expect(cluster.agree()).toBe(true)
      }),
      { numRuns: 10 },
    )
  })

  it('falls apart with the network and grows together again', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const cluster = newCluster(7, newRandom(seed))
        const side = (identity: string): boolean => Number(identity.slice(1)) < 3
        cluster.run(11_000)
        cluster.reachable = (from, to) => side(from) === side(to)
        cluster.run(11_000 + boundMs(7))
        expect(cluster.views('m0').filter((state) => state === 'dead').length).toBe(4)
        cluster.reachable = () => true
        cluster.run(11_000 + boundMs(7) + 15_000)
        for (let i = 0; i < 7; i++) expect(cluster.views(`m${i}`).every((state) => state === 'alive')).toBe(true)
        expect(cluster.agree()).toBe(true)
      }),
      { numRuns: 10 },
    )
  })

  it('hears a farewell within a second, and takes it for no death', () => {
    const cluster = newCluster(9, newRandom(4))
    cluster.run(11_000)
    cluster.leave('m5')
    cluster.run(12_000)
    expect(cluster.views('m5').every((state) => state === 'left')).toBe(true)
    cluster.run(20_000)
    expect(cluster.seen.filter(({ state }) => state === 'dead' || state === 'suspect')).toEqual([])
  })

  it('does the same again from the same seed', () => {
    const play = () => {
      const cluster = newCluster(6, newRandom(77))
      cluster.lossChance = 0.3
      cluster.run(15_000)
      cluster.crash('m0')
      cluster.run(30_000)
      return cluster.seen
    }
    expect(play()).toEqual(play())
  })
})
