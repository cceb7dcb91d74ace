import { describe, expect, it } from 'vitest'
import type { Network } from '../../../src/host/host.ts'
import { newSimProcess, type SimProcess } from '../process.ts'
import { newWorld, type World } from '../world.ts'
import { newSimLinks, type SimLinks } from './links.ts'
import { newSimNetwork } from './network.ts'

interface Pair {
  readonly world: World
  readonly links: SimLinks
  readonly hosts: readonly {
    readonly process: SimProcess
    readonly network: Network
    readonly heard: string[]
    readonly lost: string[]
  }[]
}

function pair(seed = 1, admitted: (peer: string) => boolean = () => true): Pair {
  const world = newWorld(seed)
  const links = newSimLinks()
  const wires = newSimNetwork(world, links)
  const hosts = ['a', 'b'].map((name) => {
    const process = newSimProcess(world, name)
    const network = wires.attach(process, name, [`${name}:1`])
    const heard: string[] = []
    const lost: string[] = []
    network.admit(admitted)
    network.receive('raft', (from, packet) => heard.push(`${from}${packet[0]}`))
    network.lost((peer) => lost.push(peer))
    for (const other of ['a', 'b']) if (other !== name) network.learn(other, [`${other}:1`])
    return { process, network, heard, lost }
  })
  return { world, links, hosts }
}

const packet = (number: number): Uint8Array => Uint8Array.of(number)
const end = (of: Pair) => ({ a: of.hosts[0] as Pair['hosts'][0], b: of.hosts[1] as Pair['hosts'][0] })

describe('packets', () => {
  it('arrive in order when nothing is wrong, the first ones after the connection is made', async () => {
    const all = pair()
    const { a, b } = end(all)
    for (let i = 0; i < 9; i++) expect(a.network.send('b', 'raft', packet(i))).toBe(true)
    await all.world.run(1_000)
    for (let i = 9; i < 12; i++) a.network.send('b', 'raft', packet(i))
    await all.world.run(2_000)
    expect(b.heard).toEqual(Array.from({ length: 12 }, (_, i) => `a${i}`))
  })

  it('are refused for a peer that is unknown or not admitted', () => {
    expect(end(pair()).a.network.send('c', 'raft', packet(1))).toBe(false)
    expect(end(pair(1, () => false)).a.network.send('b', 'raft', packet(1))).toBe(false)
  })

  it('do not reach a peer whose gate is closed to the sender', async () => {
    const all = pair(1, (peer) => peer === 'b')
    const { a, b } = end(all)
    a.network.send('b', 'raft', packet(1))
    await all.world.run(10_000)
    expect(b.heard).toEqual([])
  })

  it('are lost, repeated and overtaken as the links say', async () => {
    const all = pair(3)
    const { a, b } = end(all)
    a.network.send('b', 'raft', packet(0))
    await all.world.run(100)
    Object.assign(all.links, { lossChance: 0.2, repeatChance: 0.2, reorderChance: 0.5, delaySpreadMs: 500 })
    for (let i = 1; i <= 100; i++) a.network.send('b', 'raft', packet(i))
    await all.world.run(5_000)
    const numbers = b.heard.map((text) => Number(text.slice(1)))
    expect(new Set(numbers).size).toBeLessThan(100)
    expect(numbers.length).toBeGreaterThan(new Set(numbers).size)
    expect(numbers).not.toEqual([...numbers].sort((x, y) => x - y))
  })

  it('do not pass a cut link, in its direction; after some seconds both ends lose the connection', async () => {
    const all = pair()
    const { a, b } = end(all)
    a.network.send('b', 'raft', packet(1))
    await all.world.run(100)
    all.links.cut('a', 'b')
    a.network.send('b', 'raft', packet(2))
    b.network.send('a', 'raft', packet(3))
    await all.world.run(1_000)
    expect([a.heard, b.heard]).toEqual([['b3'], ['a1']])
    await all.world.run(30_000)
    expect([a.lost, b.lost]).toEqual([['b'], ['a']])
    all.links.mend()
    a.network.send('b', 'raft', packet(4))
    await all.world.run(40_000)
    expect(b.heard).toEqual(['a1', 'a4'])
  })

  it('of both who dial at once all arrive', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const all = pair(seed)
      const { a, b } = end(all)
      a.network.send('b', 'raft', packet(1))
      b.network.send('a', 'raft', packet(2))
      await all.world.run(1_000)
      expect([a.heard, b.heard]).toEqual([['b2'], ['a1']])
    }
  })
})

describe('asking', () => {
  it('brings the answer, or says that there is none', async () => {
    const all = pair()
    const { a, b } = end(all)
    b.network.answer('double', async (from, question) => Uint8Array.of((question[0] ?? 0) * 2, from.charCodeAt(0)))
    const { signal } = new AbortController()
    const results: unknown[] = []
    a.network.ask('b', 'double', packet(21), signal).then((bytes) => results.push([...bytes]))
    a.network.ask('b', 'nonsense', packet(1), signal).catch((error: { code: string }) => results.push(error.code))
    await all.world.run(1_000)
    expect(results).toEqual([[42, 97], 'unavailable'])
  })

  it('fails when the peer dies meanwhile, and rejects with the reason when it is given up', async () => {
    const all = pair()
    const { a, b } = end(all)
    b.network.answer('silence', () => new Promise(() => undefined))
    const results: unknown[] = []
    const giveUp = new AbortController()
    a.network
      .ask('b', 'silence', packet(1), new AbortController().signal)
      .catch((error: { code: string }) => results.push(error.code))
    a.network.ask('b', 'silence', packet(1), giveUp.signal).catch((reason: unknown) => results.push(reason))
    await all.world.run(100)
    giveUp.abort('enough')
    await all.world.run(200)
    b.process.kill()
    await all.world.run(30_000)
    expect(results).toEqual(['enough', 'unavailable'])
  })
})
