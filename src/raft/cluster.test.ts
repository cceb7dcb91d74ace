import { describe, expect, test } from 'vitest'
import { must } from '../lib/assert.ts'
import { newRandom, type Random } from '../lib/random.ts'
import { type Cluster, newCluster } from './cluster.ts'
import { configurationOf, isJoint } from './configuration.ts'
import type { RaftOptions } from './options.ts'
import type { Raft } from './raft.ts'

/**
 * Cores in a bottle: random loss, repetition, reordering, crashes, restarts, partitions, membership changes, transfers
 * and cuts of the log, from a seed; then the world heals, and the cluster must converge. The cluster itself checks
 * the safety properties at every step.
 */
const small: Partial<RaftOptions> = {
  messageBytesMax: 400,
  messageEntriesMax: 4,
  inflightMessagesMax: 3,
  inflightBytesMax: 1_000,
  uncommittedBytesMax: 4_000,
  applyEntriesMax: 3,
  snapshotSliceBytes: 512,
  logEntriesKept: 4,
  readsMax: 16,
  voterLagEntriesMax: 20,
}

interface Weather {
  readonly loseChance: number
  readonly repeatChance: number
  readonly reorderChance: number
  readonly crashChance: number
  readonly crashInReadyChance: number
  readonly restartChance: number
  readonly hintChance: number
  readonly burstChance: number
  readonly cutChance: number
  readonly changeChance: number
}

/** Not every kind of trouble in every run: some bugs show only where others do not get in the way. */
function drawWeather(random: Random): Weather {
  const some = (chance: number): number => (random.chance(0.5) ? chance * random.next() : 0)
  return {
    loseChance: some(0.5),
    repeatChance: some(0.3),
    reorderChance: some(0.8),
    crashChance: some(0.03),
    crashInReadyChance: some(0.03),
    restartChance: 0.01 + some(0.2),
    hintChance: some(0.05),
    burstChance: some(0.02),
    cutChance: some(0.03),
    changeChance: some(0.05),
  }
}

interface Run {
  readonly random: Random
  readonly cluster: Cluster
  readonly names: readonly string[]
  /** Packets between these are lost. */
  readonly cut: Set<string>
  proposals: number
}

function storm(seed: number, steps: number): Run {
  const random = newRandom(seed)
  const weather = drawWeather(random)
  const names = ['a', 'b', 'c', 'd', 'e']
  let calm = false
  const cluster = newCluster(random.below(2 ** 31), small, {
    crashAt: ({ snapshot }) => {
      if (calm || !random.chance(weather.crashInReadyChance * (snapshot === null ? 1 : 20))) return null
      return random.pick(['before write', 'in install', 'after write'] as const)
    },
  })
  const run: Run = { random, cluster, names, cut: new Set(), proposals: 0 }
  const founders = random.pick([['a'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd', 'e']])
  for (const name of names) {
    cluster.start(name, founders.includes(name) ? configurationOf(founders, []) : null)
  }
  for (let i = 0; i < steps; i++) stir(run, weather)
  calm = true
  heal(run)
  return run
}

function stir(run: Run, weather: Weather): void {
  const { random, cluster, names, cut } = run
  const one = random.pick(names)
  const other = random.pick(names)
  const dice = random.next()
  cluster.nowMs += random.below(20) - 5
  if (dice < 0.3) cluster.act(one, (raft, nowMs) => raft.tick(nowMs))
  else if (dice < 0.85) for (let i = 0; i < 3; i++) deliverOne(run, weather)
  else if (dice < 0.94) propose(run, one)
  else if (dice < 0.96) cluster.read(one)
  else if (dice < 0.97) cluster.act(one, (raft) => raft.transferLeadership(other))
  else cluster.peers.get(one)?.flush()
  if (random.chance(weather.changeChance)) changeMembers(run)
  if (random.chance(weather.hintChance)) cluster.act(one, (raft, nowMs) => raft.hintDead(other, nowMs))
  // A peer whose clock runs ahead of the others': it campaigns.
  if (random.chance(weather.burstChance)) cluster.act(one, (raft, nowMs) => ticks(raft, 30, nowMs))
  if (random.chance(weather.cutChance)) cutOff(run)
  if (random.chance(0.01)) cut.clear()
  if (random.chance(weather.crashChance)) cluster.crash(one)
  if (random.chance(weather.restartChance)) restart(run, one)
}

function ticks(raft: Raft, count: number, nowMs: number): void {
  for (let i = 0; i < count; i++) raft.tick(nowMs)
}

/** One way, both ways, or the world in two halves. */
function cutOff({ random, names, cut }: Run): void {
  const [first = '', second = '', ...rest] = random.shuffle(names)
  const kind = random.below(3)
  cut.add(`${first}${second}`)
  if (kind > 0) cut.add(`${second}${first}`)
  if (kind < 2) return
  for (const outside of rest) {
    for (const inside of [first, second]) cut.add(`${inside}${outside}`).add(`${outside}${inside}`)
  }
}

function restart(run: Run, name: string): void {
  const peer = must(run.cluster.peers.get(name), 'a peer')
  if (peer.raft !== null) return
  // Packets of the past may still come: they are left on the wire.
  run.cluster.start(name, null)
}

function deliverOne(run: Run, weather: Weather): void {
  const { random, cluster, cut } = run
  if (cluster.wire.length > 200) cluster.wire.splice(0, 100)
  const at = random.chance(weather.reorderChance) ? random.below(cluster.wire.length) : 0
  const packet = cluster.wire[at]
  if (packet === undefined) return
  if (!random.chance(weather.repeatChance)) cluster.wire.splice(at, 1)
  if (cut.has(`${packet.from}${packet.to}`) || random.chance(weather.loseChance)) return
  cluster.deliver(packet)
}

function propose(run: Run, name: string): void {
  run.proposals += 1
  const data = new TextEncoder().encode(`${name}${run.proposals}`.padEnd(run.random.below(200), '.'))
  run.cluster.act(name, (raft, nowMs) => void raft.propose(data, nowMs))
}

function changeMembers(run: Run): void {
  const { random, cluster, names } = run
  const shuffled = random.shuffle(names)
  const voters = shuffled.slice(0, random.pick([1, 3, 3, 5]))
  const learners = random.chance(0.7) ? names : []
  for (const name of names) cluster.act(name, (raft, nowMs) => void raft.proposeConfiguration(voters, learners, nowMs))
}

/** Everything runs, nothing is lost: within a bound the cluster has a leader, finishes its change, and all agree. */
function heal(run: Run): void {
  const { cluster, names } = run
  run.cut.clear()
  for (const name of names) restart(run, name)
  for (let round = 0; round < 200; round++) {
    for (const name of names) cluster.act(name, (raft, nowMs) => raft.tick(nowMs))
    drain(cluster)
    const leader = leaderOf(cluster)
    if (round < 100 || leader === undefined) continue
    if (round === 100) propose(run, leader)
    if (round === 150) cluster.read(leader)
  }
}

function drain(cluster: Cluster): void {
  for (let packets = 0; packets < 20_000; packets++) {
    const packet = cluster.wire.shift()
    if (packet === undefined) return
    cluster.deliver(packet)
  }
  throw new Error('the cluster does not come to rest')
}

function leaderOf(cluster: Cluster): string | undefined {
  return [...cluster.peers.values()].find((peer) => peer.raft?.status().role === 'leader')?.id
}

function expectConverged(run: Run): void {
  const { cluster } = run
  const leader = must(cluster.peers.get(must(leaderOf(cluster), 'a healed cluster has a leader')), 'a leader')
  const status = must(leader.raft, 'a leader runs').status()
  expect(isJoint(status.configuration)).toBe(false)
  expect(status.appliedIndex).toBe(status.lastIndex)
  expect(cluster.appliedMax).toBe(status.lastIndex)
  for (const member of [...status.configuration.voters, ...status.configuration.learners]) {
    const peer = must(cluster.peers.get(member), 'a member')
    expect(peer.machine.values, member).toEqual(leader.machine.values)
    expect(peer.raft?.status().leader).toBe(leader.id)
    expect(peer.raft?.status().configuration).toEqual(status.configuration)
  }
}

const from = Number(process.env.RAFT_SEED ?? 1)
const count = Number(process.env.RAFT_SEEDS ?? 60)

describe('a storm, then calm', () => {
  test.each(Array.from({ length: count }, (_, i) => from + i))('seed %i', (seed) => {
    expectConverged(storm(seed, 3_000))
  })
})

test('storms are worth something: they elect, commit, read, install snapshots', { timeout: 60_000 }, () => {
  let reads = 0
  let applied = 0
  let installs = 0
  let terms = 0
  for (let seed = 1; seed <= 8; seed++) {
    const { cluster } = storm(seed, 3_000)
    reads += cluster.readsAnswered
    applied += cluster.appliedMax
    terms += Math.max(...[...cluster.peers.values()].map((peer) => peer.raft?.status().term ?? 0))
    installs += [...cluster.peers.values()].filter((peer) => (peer.raft?.log.mark.index ?? 0) > 0).length
  }

  expect(reads).toBeGreaterThan(20)
  expect(applied).toBeGreaterThan(500)
  expect(terms).toBeGreaterThan(20)
  expect(installs).toBeGreaterThan(10)
})
