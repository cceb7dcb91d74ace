import { afterEach, describe, expect, test } from 'vitest'
import {
  type Clock,
  type Database,
  DeviceError,
  type DiskWrite,
  type Log,
  type LogFields,
  type Network,
} from '../host/host.ts'
import { must } from '../lib/assert.ts'
import { newRandom } from '../lib/random.ts'
import { configurationOf, noConfiguration } from './configuration.ts'
import { driveRaft, openRaft, type RaftDriver } from './driver.ts'
import type { AppliedMark, MachineEntry, StateMachine } from './machine.ts'
import { type RaftOptions, raftDefaults } from './options.ts'
import { entryKey, keys } from './storage.ts'
import type { Configuration } from './types.ts'

/** Virtual time, maps for disks and queues for wires: the drivers run for real, nothing waits for real. */
class World {
  nowMs = 1_000
  readonly hosts = new Map<string, TestHost>()
  readonly lines: { readonly host: string; readonly message: string; readonly fields: LogFields }[] = []
  cut = new Set<string>()
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + Math.max(1, ms), callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  async run(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await settled()
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.atMs - b.atMs)
      if (next === undefined || next.atMs > untilMs) break
      this.nowMs = next.atMs
      this.#timers = this.#timers.filter((timer) => timer !== next)
      next.callback()
      await settled()
    }
    this.nowMs = untilMs
  }

  /** Runs until the condition holds; how many milliseconds it took. */
  async until(condition: () => boolean, maxMs = 10_000): Promise<number> {
    const fromMs = this.nowMs
    while (!condition()) {
      if (this.nowMs - fromMs >= maxMs) throw new Error(`not within ${maxMs} ms`)
      await this.run(10)
    }
    return this.nowMs - fromMs
  }

  leader(): TestHost | undefined {
    return [...this.hosts.values()].find((host) => host.raft?.status().role === 'leader')
  }
}

/** Lets every promise that can go on go on. */
async function settled(): Promise<void> {
  for (let hops = 0; hops < 5; hops++) await new Promise<void>((resolve) => setImmediate(resolve))
}

class TestHost {
  readonly world: World
  readonly id: string
  readonly disk = new Map<string, Uint8Array>()
  raft: RaftDriver | null = null
  failure: unknown = null
  values: string[] = []
  mark: AppliedMark = { index: 0, term: 0, configuration: noConfiguration }
  durable = { mark: this.mark, values: [] as readonly string[] }
  failWrites = false
  failInstall = false
  writes = 0
  receiver: (from: string, packet: Uint8Array) => void = () => undefined
  lost: (peer: string) => void = () => undefined
  #stop = new AbortController()
  #done: Promise<void> = Promise.resolve()

  constructor(world: World, id: string) {
    this.world = world
    this.id = id
    world.hosts.set(id, this)
  }

  async start(founding: Configuration | null, options: Partial<RaftOptions> = {}): Promise<void> {
    this.#stop = new AbortController()
    this.values = [...this.durable.values]
    this.mark = this.durable.mark
    const raft = await openRaft({
      self: this.id,
      founding,
      database: this.#database(),
      machine: this.#machine(),
      network: this.#network(),
      clock: {
        nowMs: () => this.world.nowMs,
        monotonicMs: () => this.world.nowMs,
        after: (...args) => this.world.after(...args),
      } satisfies Clock,
      random: newRandom(this.id.charCodeAt(0) * 1_000 + Math.floor(this.world.nowMs)),
      log: this.#log(),
      options: { ...raftDefaults, ...options },
    })
    this.raft = raft
    this.#done = driveRaft(raft, this.#stop.signal).catch((error: unknown) => {
      this.failure = error
    })
  }

  /** As SIGKILL: connections close, nothing more happens. */
  async kill(): Promise<void> {
    this.#stop.abort(new Error('killed'))
    this.raft = null
    this.receiver = () => undefined
    for (const other of this.world.hosts.values()) if (other !== this) other.lost(this.id)
    await this.#done
  }

  propose(text: string): boolean {
    return must(this.raft, 'a running host').propose(new TextEncoder().encode(text))
  }

  #database(): Database {
    const { disk } = this
    return {
      get: async (key) => disk.get(key),
      scan: async ({ gte, lt, limit }) => {
        const found = [...disk.keys()].sort().filter((key) => key >= gte && key < lt)
        return found.slice(0, limit).map((key) => [key, must(disk.get(key), 'a value')] as const)
      },
      write: async (batch: readonly DiskWrite[]) => {
        await new Promise<void>((resolve) => setImmediate(resolve))
        if (this.failWrites) throw new DeviceError('failed', 'fsync failed')
        this.writes += 1
        for (const write of batch) {
          if (write.type === 'put') disk.set(write.key, new Uint8Array(write.value))
          else disk.delete(write.key)
        }
      },
      close: async () => undefined,
    }
  }

  #machine(): StateMachine {
    const host = this
    return {
      get durable() {
        return host.durable.mark
      },
      apply(entries: readonly MachineEntry[], mark: AppliedMark) {
        for (const entry of entries) if (entry.data.length > 0) host.values.push(new TextDecoder().decode(entry.data))
        host.mark = mark
      },
      image(sliceBytes) {
        const bytes = new TextEncoder().encode(JSON.stringify(host.values))
        let at = 0
        return {
          mark: host.mark,
          next: () => {
            at += sliceBytes
            return at - sliceBytes >= bytes.length ? null : bytes.slice(at - sliceBytes, at)
          },
        }
      },
      async install(mark, slices) {
        if (host.failInstall) throw new DeviceError('failed', 'no space left')
        const text = slices.map((slice) => new TextDecoder().decode(slice)).join('')
        host.values = JSON.parse(text) as string[]
        host.mark = mark
        host.flush()
      },
    }
  }

  flush(): void {
    this.durable = { mark: this.mark, values: [...this.values] }
  }

  #network(): Network {
    const { world, id } = this
    const network: Partial<Network> = {
      identity: id,
      packetBytesMax: 8 * 1024 * 1024,
      send(peer, _lane, packet) {
        if (world.cut.has(id) || world.cut.has(peer)) return true
        world.after(1, () => world.hosts.get(peer)?.receiver(id, packet))
        return true
      },
      receive: (_lane, receiver) => {
        this.receiver = receiver
      },
      lost: (listener) => {
        this.lost = listener
      },
    }
    return network as Network
  }

  #log(): Log {
    const tell = (message: string, fields: LogFields = {}): void =>
      void this.world.lines.push({ host: this.id, message, fields })
    return { debug: tell, info: tell, warn: tell, error: tell, child: () => this.#log() }
  }
}

const running: TestHost[] = []
afterEach(async () => {
  for (const host of running.splice(0)) if (host.raft !== null) await host.kill()
})

async function found(
  names: readonly string[],
  options: Partial<RaftOptions> = {},
): Promise<{ world: World; hosts: TestHost[] }> {
  const world = new World()
  const hosts = names.map((name) => new TestHost(world, name))
  running.push(...hosts)
  for (const host of hosts) await host.start(configurationOf(names, []), options)
  return { world, hosts }
}

function host(world: World, id: string): TestHost {
  return must(world.hosts.get(id), 'a host')
}

test('a founder alone leads at once, commits and reads', async () => {
  const { world, hosts } = await found(['a'])
  await world.run(5)
  const a = must(hosts[0], 'a host')
  expect(a.raft?.status()).toMatchObject({ role: 'leader', term: 2, leader: 'a', commitIndex: 2 })
  expect(a.propose('x')).toBe(true)
  await a.raft?.barrier(new AbortController().signal)
  await world.run(5)
  expect(a.values).toEqual(['x'])
  expect(world.lines).toContainEqual({ host: 'a', message: 'became leader', fields: { term: 2, peer: 'a' } })
  expect(world.lines.filter((line) => line.message === 'committed').at(-1)?.fields).toEqual({ index: 3, term: 2 })
})

test('three elect a leader, and any of them proposes and reads its own write', async () => {
  const { world, hosts } = await found(['a', 'b', 'c'])
  await world.until(() => hosts.every((h) => h.raft?.status().leader != null))
  for (const h of hosts) expect(h.propose(`from ${h.id}`)).toBe(true)
  await world.run(50)
  for (const h of hosts) {
    const barrier = must(h.raft, 'a driver').barrier(new AbortController().signal)
    await world.run(20)
    await barrier
    expect(h.values.toSorted()).toEqual(['from a', 'from b', 'from c'])
  }
})

test('a leader killed with its connections is replaced well under half a second', async () => {
  const tookMs: number[] = []
  for (let i = 0; i < 10; i++) {
    const { world, hosts } = await found(['a', 'b', 'c', 'd', 'e'].slice(0, i % 2 === 0 ? 3 : 5))
    await world.run(i * 37)
    await world.until(() => hosts.every((h) => h.raft?.status().leader != null))
    const before = must(world.leader(), 'a leader')
    await before.kill()
    tookMs.push(await world.until(() => world.leader() !== undefined))
  }
  expect(tookMs.toSorted((a, b) => a - b)[5], 'the median').toBeLessThan(50)
  expect(Math.max(...tookMs), 'when its last packets came after').toBeLessThan(450)
})

test('a silent leader is replaced within two election timeouts and a campaign', async () => {
  const { world, hosts } = await found(['a', 'b', 'c'])
  await world.until(() => hosts.every((h) => h.raft?.status().leader != null))
  const before = must(world.leader(), 'a leader')
  world.cut.add(before.id)
  const others = hosts.filter((h) => h !== before)
  const tookMs = await world.until(() => others.some((h) => h.raft?.status().role === 'leader'))
  expect(tookMs).toBeLessThanOrEqual(2_000)
  await world.until(() => before.raft?.status().role !== 'leader')
  await expect(settle(world, before.raft?.barrier(new AbortController().signal), 6_000)).rejects.toThrow(
    /no leader confirmed/,
  )
})

/** Runs the world until the promise settles. */
async function settle<T>(world: World, promise: Promise<T> | undefined, ms: number): Promise<T | undefined> {
  const outcome = promise?.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  await world.run(ms)
  const settledAs = await outcome
  if (settledAs !== undefined && 'error' in settledAs) throw settledAs.error
  return settledAs?.value
}

test('what was acknowledged is there after everyone was killed', async () => {
  const { world, hosts } = await found(['a', 'b', 'c'])
  await world.until(() => world.leader() !== undefined)
  for (let i = 0; i < 20; i++) host(world, must(world.leader(), 'a leader').id).propose(`${i}`)
  await world.run(100)
  for (const h of hosts) expect(h.values.length).toBe(20)
  must(hosts[0], 'a host').flush()
  for (const h of hosts) await h.kill()
  for (const h of hosts) await h.start(null)
  await world.until(() => hosts.every((h) => h.raft?.status().leader != null && h.values.length === 20))
  for (const h of hosts) expect(h.values).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`))
})

test('a peer joins with an empty log, learns, and becomes a voter with another in one joint change', async () => {
  const { world, hosts } = await found(['a'])
  for (const id of ['b', 'c']) {
    const joiner = new TestHost(world, id)
    running.push(joiner)
    hosts.push(joiner)
    await joiner.start(null)
  }
  await world.run(3_000)
  const a = must(hosts[0]?.raft, 'a driver')
  expect(host(world, 'b').raft?.status().role).toBe('follower')
  a.changeMembers(['a', 'b', 'c'], [])
  await world.run(300)
  expect(a.status().configuration.voters, 'who has not caught up may not vote yet').toEqual(['a'])
  a.changeMembers(['a'], ['b', 'c'])
  await world.run(300)
  a.changeMembers(['a', 'b', 'c'], [])
  await world.run(300)
  for (const h of hosts) expect(h.raft?.status().configuration).toEqual(configurationOf(['a', 'b', 'c'], []))
  expect(a.status().active).toEqual(['a', 'b', 'c'])
})

test('a peer far behind gets a snapshot in slices, then the rest', async () => {
  const { world, hosts } = await found(['a', 'b', 'c'], {
    logEntriesKept: 10,
    compactEntries: 10,
    snapshotSliceBytes: 100,
  })
  await world.until(() => world.leader() !== undefined)
  const lagging = must(
    hosts.find((h) => h !== world.leader()),
    'a follower',
  )
  await lagging.kill()
  for (let i = 0; i < 100; i++) {
    world.leader()?.propose(`value ${i}`)
    await world.run(20)
    for (const h of hosts) if (h !== lagging) h.flush()
  }
  expect(world.leader()?.disk.has(entryKey(20))).toBe(false)
  await lagging.start(null, { logEntriesKept: 10, compactEntries: 10 })
  await world.until(() => lagging.values.length === 100)
  expect(lagging.values).toEqual(world.leader()?.values)
  expect(world.lines).toContainEqual(expect.objectContaining({ host: lagging.id, message: 'snapshot installed' }))
  await lagging.kill()
  await lagging.start(null)
  await world.until(() => lagging.values.length === 100)
})

test('a failed write ends the loop', async () => {
  const { world, hosts } = await found(['a'])
  await world.run(5)
  const a = must(hosts[0], 'a host')
  a.failWrites = true
  a.propose('x')
  const barrier = must(a.raft, 'a driver').barrier(new AbortController().signal)
  await expect(settle(world, barrier, 100)).rejects.toThrow(/fsync failed/)
  expect(a.failure).toMatchObject({ code: 'failed' })
  expect(a.values).toEqual([])
})

test('an idle cluster writes nothing', async () => {
  const { world, hosts } = await found(['a', 'b', 'c'])
  await world.until(() => world.leader() !== undefined)
  await world.run(500)
  const before = hosts.map((h) => h.writes)
  await world.run(20_000)
  expect(hosts.map((h) => h.writes)).toEqual(before)
})

test('an aborted barrier rejects with the reason, and waits no more', async () => {
  const { world, hosts } = await found(['a', 'b', 'c'])
  const stop = new AbortController()
  const barrier = must(hosts[0]?.raft, 'a driver').barrier(stop.signal)
  stop.abort(new Error('the client went away'))
  await expect(settle(world, barrier, 10)).rejects.toThrow('the client went away')
})

test('packets that cannot be read are dropped, and said once', async () => {
  const { world, hosts } = await found(['a'])
  await world.run(5)
  const a = must(hosts[0], 'a host')
  for (const bytes of [[], [1, 2, 3], [0xc1], [0x93, 1, 99, 0]]) a.receiver('z', new Uint8Array(bytes))
  await world.run(5)
  expect(a.failure).toBe(null)
  expect(world.lines.filter((line) => line.message.includes('cannot be read'))).toHaveLength(1)
})

describe('damage on disk is found at opening', () => {
  const rows: readonly [what: string, damage: (h: TestHost) => void, says: RegExp][] = [
    ['an entry is missing', (h) => h.disk.delete(entryKey(5)), /entry 5 is missing/],
    ['the state is missing', (h) => h.disk.delete(keys.state), /beginning is missing/],
    ['the mark is missing', (h) => h.disk.delete(keys.mark), /beginning is missing/],
    ['a flipped bit in an entry', (h) => flip(h, entryKey(5)), /damaged/],
    ['a flipped bit in the state', (h) => flip(h, keys.state), /damaged/],
    [
      'an entry under another key',
      (h) => h.disk.set(entryKey(5), must(h.disk.get(entryKey(6)), 'an entry')),
      /checksum/,
    ],
    ['the last entry is missing, though applied', (h) => dropLast(h), /the log ends at|committed entries/],
    ['the whole log is missing, though the state is there', (h) => h.disk.clear(), /the log ends at 0/],
  ]
  test.each(rows)('%s', async (_what, damage, says) => {
    const { world, hosts } = await found(['a'])
    const a = must(hosts[0], 'a host')
    await world.run(5)
    for (let i = 0; i < 5; i++) a.propose(`${i}`)
    await world.run(20)
    a.flush()
    await a.kill()
    damage(a)
    await expect(a.start(null)).rejects.toMatchObject({
      name: 'DeviceError',
      code: 'corrupt',
      message: expect.stringMatching(says),
    })
  })

  function flip(h: TestHost, key: string): void {
    const bytes = new Uint8Array(must(h.disk.get(key), 'a record'))
    const at = bytes.length - 3
    bytes[at] = (bytes[at] ?? 0) ^ 4
    h.disk.set(key, bytes)
  }

  function dropLast(h: TestHost): void {
    const last = [...h.disk.keys()]
      .filter((key) => key.startsWith('e/'))
      .sort()
      .at(-1)
    h.disk.delete(must(last, 'an entry'))
  }
})

test('a founding configuration over a log that is there is ignored', async () => {
  const { world, hosts } = await found(['a'])
  await world.run(5)
  const a = must(hosts[0], 'a host')
  await a.kill()
  await a.start(configurationOf(['a', 'b', 'c'], []))
  await world.run(5)
  expect(a.raft?.status()).toMatchObject({ role: 'leader', configuration: { voters: ['a'] } })
})
