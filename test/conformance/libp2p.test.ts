import { mkdtemp, rm, stat, truncate } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Log } from '../../src/host/host.ts'
import { newIdentity, openIdentity } from '../../src/host/identity.io.ts'
import { type OpenNetwork, openNetwork } from '../../src/host/libp2p.io.ts'
import { createNode } from '../../src/host/p2p.io.ts'

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}
const never = new AbortController().signal

describe('the real network', () => {
  const open: { close(): Promise<void> }[] = []
  afterEach(async () => {
    for (const network of open.splice(0)) await network.close()
  })

  async function start(listen = '127.0.0.1:0', announce?: readonly string[]): Promise<OpenNetwork> {
    const network = await openNetwork({ own: await newIdentity(), listen, announce, log: silent }, never)
    open.push(network)
    return network
  }

  async function pair(): Promise<[OpenNetwork, OpenNetwork]> {
    const [a, b] = [await start(), await start()]
    for (const one of [a, b]) one.admit(() => true)
    a.learn(b.identity, b.addresses)
    b.learn(a.identity, a.addresses)
    const greeted = new Promise<void>((resolve) => b.receive('raft', () => resolve()))
    a.send(b.identity, 'raft', Uint8Array.of(1))
    await greeted
    return [a, b]
  }

  it('refuses packets for a connected peer, too, when more wait than may', async () => {
    const [a, b] = await pair()
    let got = 0
    b.receive('raft', () => got++)
    const packet = new Uint8Array(1024 * 1024)
    let sent = 0
    while (a.send(b.identity, 'raft', packet)) expect(++sent).toBeLessThan(1_000)
    expect(sent).toBeGreaterThan(8)
    await expect.poll(() => got, { timeout: 20_000 }).toBe(sent)
    expect(a.send(b.identity, 'raft', packet)).toBe(true)
  })

  it('lets no lane wait behind the other', async () => {
    const [a, b] = await pair()
    const order: string[] = []
    b.receive('raft', () => order.push('raft'))
    b.receive('swim', () => order.push('swim'))
    a.send(b.identity, 'swim', Uint8Array.of(1))
    await expect.poll(() => order).toEqual(['swim'])
    for (let i = 0; i < 3; i++) a.send(b.identity, 'raft', new Uint8Array(b.packetBytesMax))
    a.send(b.identity, 'swim', Uint8Array.of(2))
    await expect.poll(() => order.length, { timeout: 20_000 }).toBe(5)
    expect(order.lastIndexOf('swim')).toBeLessThan(4)
  })

  it('tells of a lost peer within moments', async () => {
    const [a, b] = await pair()
    let lostAtMs = 0
    a.lost(() => {
      lostAtMs = performance.now()
    })
    await b.close()
    const closedMs = performance.now()
    await expect.poll(() => lostAtMs, { interval: 5 }).toBeGreaterThan(0)
    expect(lostAtMs - closedMs).toBeLessThan(500)
  })

  it('delivers what was said last before it closed', async () => {
    const [a, b] = await pair()
    const got: number[] = []
    b.receive('raft', (_, packet) => got.push(packet.length))
    for (let i = 1; i <= 100; i++) a.send(b.identity, 'raft', new Uint8Array(i * 100))
    await a.close()
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => (i + 1) * 100))
  })

  it('resets a stream that breaks the framing, and keeps the peer', async () => {
    const [a, b] = await pair()
    const own = await newIdentity()
    const rogue = await createNode(own.privateKey, '/ip4/127.0.0.1/tcp/0', () => true)
    await rogue.start()
    open.push({ close: async () => await rogue.stop() })
    const connection = await rogue.dial(multiaddr(`/ip4/127.0.0.1/tcp/${portOf(b)}/p2p/${b.identity}`))
    for (const protocol of ['/skein/raft/1', '/skein/ask/1']) {
      const stream = await connection.newStream([protocol])
      const closed = new Promise<void>((resolve) => stream.addEventListener('close', () => resolve()))
      stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3))
      await closed
      expect(stream.status).toBe('reset')
    }
    b.answer('echo', async (_, question) => question)
    expect(await a.ask(b.identity, 'echo', Uint8Array.of(7), never)).toEqual(Uint8Array.of(7))
  })

  it('bears connections that say nothing sensible', async () => {
    const [a, b] = await pair()
    for (const words of [
      'GET / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01\xff\xff',
      '\x13/multistream/1.0.0\n\xff\xff\xff\xff',
    ]) {
      const socket = connect(portOf(b), '127.0.0.1')
      socket.on('error', () => undefined)
      await new Promise<void>((resolve) => socket.on('connect', resolve))
      socket.write(words)
      await new Promise((resolve) => setTimeout(resolve, 50))
      socket.destroy()
    }
    b.answer('echo', async (_, question) => question)
    expect(await a.ask(b.identity, 'echo', Uint8Array.of(7), never)).toEqual(Uint8Array.of(7))
  })

  it('goes through many reconnections', async () => {
    const [a, b] = await pair()
    let got = 0
    b.receive('raft', () => got++)
    for (let i = 0; i < 20; i++) {
      b.admit(() => false)
      b.recheck()
      b.admit(() => true)
      const before = got
      await expect
        .poll(() => a.send(b.identity, 'raft', Uint8Array.of(1)) && got > before, { interval: 10, timeout: 10_000 })
        .toBe(true)
    }
  })

  it('says what it was told to announce, and never a wildcard', async () => {
    expect((await start('127.0.0.1:0', ['n1.example:7946'])).addresses).toEqual(['n1.example:7946'])
    const everywhere = await start('0.0.0.0:0')
    expect(everywhere.addresses.length).toBeGreaterThan(0)
    for (const address of everywhere.addresses) expect(address).not.toMatch(/^0\.0\.0\.0|:0$/)
  })

  it('reaches a peer by name', async () => {
    const [a, b] = [await start(), await start('127.0.0.1:0')]
    for (const one of [a, b]) one.admit(() => true)
    a.learn(b.identity, [`localhost:${portOf(b)}`])
    b.answer('echo', async (_, question) => question)
    expect(await a.ask(b.identity, 'echo', Uint8Array.of(7), never)).toEqual(Uint8Array.of(7))
  })

  it("tries a peer's next address when the first leads nowhere", async () => {
    const [a, b] = [await start(), await start()]
    for (const one of [a, b]) one.admit(() => true)
    a.learn(b.identity, ['127.0.0.1:1', ...b.addresses])
    b.answer('echo', async (_, question) => question)
    expect(await a.ask(b.identity, 'echo', Uint8Array.of(7), never)).toEqual(Uint8Array.of(7))
  })

  it('refuses a port that is taken, and an address that is none', async () => {
    const taken = await start()
    await expect(start(taken.addresses[0])).rejects.toMatchObject({ code: 'conflict' })
    await expect(start('nowhere')).rejects.toMatchObject({ code: 'invalid' })
    await expect(start('203.0.113.7:7946')).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('the identity key', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skein-identity-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is made once, for its owner alone, and found again', async () => {
    const path = join(folder, 'identity.key')
    const made = await openIdentity(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await openIdentity(path)).identity).toBe(made.identity)
  })

  it('is not replaced when it is damaged', async () => {
    const path = join(folder, 'identity.key')
    await openIdentity(path)
    await truncate(path, 20)
    await expect(openIdentity(path)).rejects.toMatchObject({ code: 'corrupt' })
    await truncate(path, 0)
    await expect(openIdentity(path)).rejects.toMatchObject({ code: 'corrupt' })
    await expect(openIdentity(join(folder, 'no', 'such', 'folder'))).rejects.toMatchObject({ code: 'failed' })
  })
})

function portOf(network: OpenNetwork): number {
  return Number(network.addresses[0]?.split(':').at(-1))
}
