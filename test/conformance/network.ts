import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock, Network } from '../../src/host/host.ts'

/** Hosts that come and go. Every life of a host has the identity and the address of its first. */
export interface NetworkSetting {
  /** Begins a life of this host. Nobody is admitted yet. */
  start(host: string): Promise<Network>
  /** Ends it, without a farewell. */
  kill(host: string): Promise<void>
  readonly clock: Clock
  end(): Promise<void>
}

/** Of the setting's clock: above any back-off, and above the time in which a dead connection still looks well. */
const patienceMs = 20_000

/** What every network keeps to. */
export function networkSuite(form: string, make: () => Promise<NetworkSetting>): void {
  describe(`network, ${form}`, () => {
    let setting: NetworkSetting
    beforeEach(async () => {
      setting = await make()
    })
    afterEach(() => setting.end())

    const pass = (ms: number): Promise<void> => new Promise((resolve) => void setting.clock.after(ms, resolve))

    /** Repeats `tries` until the condition holds. */
    async function until(condition: () => boolean, what: string, tries: () => void = () => undefined): Promise<void> {
      const startMs = setting.clock.monotonicMs()
      while (!condition()) {
        if (setting.clock.monotonicMs() - startMs > patienceMs) expect.fail(`${what}: not within ${patienceMs} ms`)
        tries()
        await pass(20)
      }
    }

    /** Hosts that know and admit one another. */
    async function friends(...names: string[]): Promise<Network[]> {
      const networks = await Promise.all(names.map((name) => setting.start(name)))
      for (const one of networks) {
        one.admit((peer) => networks.some((other) => other.identity === peer))
        for (const other of networks) if (other !== one) one.learn(other.identity, other.addresses)
      }
      return networks
    }

    async function connect(a: Network, b: Network): Promise<void> {
      const [atA, atB] = [collect(a, 'swim'), collect(b, 'swim')]
      await until(
        () => atA.length > 0 && atB.length > 0,
        'connecting',
        () => {
          a.send(b.identity, 'swim', bytes('hello'))
          b.send(a.identity, 'swim', bytes('hello'))
        },
      )
    }

    it('says where it is', async () => {
      const network = await setting.start('a')
      expect(network.identity).not.toBe('')
      expect(network.addresses.length).toBeGreaterThan(0)
      for (const address of network.addresses) expect(address).toMatch(/^[^/]+:[1-9][0-9]*$/)
      for (const address of network.addresses) expect(address).not.toMatch(/^(0\.0\.0\.0|\[::\]):/)
    })

    it('carries packets both ways on each lane, unaltered and in order', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      await connect(a, b)
      for (const lane of ['raft', 'swim'] as const) {
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const) {
          const got = collect(to, lane)
          const sent = Array.from({ length: 200 }, (_, i) => bytes(`${lane} ${i} ${'x'.repeat((i * 37) % 3000)}`))
          for (const packet of sent) expect(from.send(to.identity, lane, packet)).toBe(true)
          await until(() => got.length >= sent.length, 'all packets')
          expect(got).toEqual(sent.map((packet) => ({ from: from.identity, text: text(packet) })))
        }
      }
    })

    it('settles when both begin at the same moment', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      const lost: string[] = []
      a.lost((peer) => lost.push(peer))
      b.lost((peer) => lost.push(peer))
      await connect(a, b)
      const [atA, atB] = [collect(a, 'raft'), collect(b, 'raft')]
      for (let i = 0; i < 50; i++) {
        a.send(b.identity, 'raft', bytes(`${i}`))
        b.send(a.identity, 'raft', bytes(`${i}`))
        await pass(20)
      }
      await until(() => atA.length === 50 && atB.length === 50, 'all packets')
      expect(lost).toEqual([])
    })

    it('carries a packet of the largest size and refuses a larger one', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      const got: Uint8Array[] = []
      b.receive('raft', (_, packet) => got.push(packet))
      const largest = new Uint8Array(a.packetBytesMax).map((_, i) => (i * 31) % 251)
      await until(
        () => got.length > 0,
        'the largest packet',
        () => {
          if (got.length === 0) a.send(b.identity, 'raft', largest)
        },
      )
      expect(Buffer.compare(got[0] ?? new Uint8Array(), largest)).toBe(0)
      expect(() => a.send(b.identity, 'raft', new Uint8Array(a.packetBytesMax + 1))).toThrow(/packet/)
    })

    it('admits nobody until it is told whom', async () => {
      const [a, b] = [await setting.start('a'), await setting.start('b')]
      a.learn(b.identity, b.addresses)
      const got = collect(b, 'raft')
      expect(a.send(b.identity, 'raft', bytes('1'))).toBe(false)
      a.admit(() => true)
      for (let i = 0; i < 20; i++) {
        a.send(b.identity, 'raft', bytes('2'))
        await pass(50)
      }
      expect(got).toEqual([])
      b.admit((peer) => peer === a.identity)
      await until(
        () => got.length > 0,
        'admitted at last',
        () => a.send(b.identity, 'raft', bytes('3')),
      )
      expect(got[0]).toEqual({ from: a.identity, text: '3' })
    })

    it('lets no stranger in, neither packets nor questions, and goes to none', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      const stranger = await setting.start('c')
      stranger.admit(() => true)
      stranger.learn(a.identity, a.addresses)
      a.learn(stranger.identity, stranger.addresses)
      const got = collect(a, 'swim')
      const gotByStranger = collect(stranger, 'swim')
      let asked = 0
      a.answer('echo', async (_, question) => {
        asked++
        return question
      })
      for (let i = 0; i < 10; i++) {
        stranger.send(a.identity, 'swim', bytes('let me in'))
        expect(a.send(stranger.identity, 'swim', bytes('come in'))).toBe(false)
        await pass(50)
      }
      const signal = new AbortController().signal
      await expect(stranger.ask(a.identity, 'echo', bytes('?'), signal)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(a.ask(stranger.identity, 'echo', bytes('?'), signal)).rejects.toMatchObject({ code: 'unavailable' })
      await until(
        () => got.length > 0,
        'a friend',
        () => b.send(a.identity, 'swim', bytes('me')),
      )
      expect(got.every(({ from }) => from === b.identity)).toBe(true)
      expect([asked, gotByStranger]).toEqual([0, []])
    })

    it('drops whom the gate no longer admits, and takes them back', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      await connect(a, b)
      const lost: string[] = []
      a.lost((peer) => lost.push(peer))
      const got = collect(b, 'raft')
      b.admit(() => false)
      b.recheck()
      await until(() => lost.includes(b.identity), 'the loss')
      for (let i = 0; i < 10; i++) {
        a.send(b.identity, 'raft', bytes('out'))
        await pass(50)
      }
      expect(got).toEqual([])
      b.admit(() => true)
      await until(
        () => got.some((packet) => packet.text === 'back'),
        'being back',
        () => a.send(b.identity, 'raft', bytes('back')),
      )
    })

    it('sends nothing to a peer whose address it does not know', async () => {
      const [a, b] = [await setting.start('a'), await setting.start('b')]
      a.admit(() => true)
      b.admit(() => true)
      expect(a.send(b.identity, 'raft', bytes('where'))).toBe(false)
      const signal = new AbortController().signal
      await expect(a.ask(b.identity, 'echo', bytes('?'), signal)).rejects.toMatchObject({ code: 'unavailable' })
    })

    it('gives nothing to another host at the address of the one it means', async () => {
      const [a, b, c] = [await setting.start('a'), await setting.start('b'), await setting.start('c')]
      for (const network of [a, b, c]) network.admit(() => true)
      a.learn(c.identity, b.addresses)
      const got = collect(b, 'raft')
      for (let i = 0; i < 10; i++) {
        a.send(c.identity, 'raft', bytes('for c'))
        await pass(50)
      }
      expect(got).toEqual([])
    })

    it('refuses packets rather than keep ever more of them', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      await setting.kill('b')
      const packet = new Uint8Array(1024)
      let refused = 0
      for (let i = 0; i < 20_000; i++) if (!a.send(b.identity, 'raft', packet)) refused++
      expect(refused).toBeGreaterThan(0)
    })

    it('hints that a peer is lost, and finds it again when it is back', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      await connect(a, b)
      const lost: string[] = []
      a.lost((peer) => lost.push(peer))
      await setting.kill('b')
      await until(() => lost.includes(b.identity), 'the loss')
      const again = await setting.start('b')
      expect(again.identity).toBe(b.identity)
      expect(again.addresses).toEqual(b.addresses)
      again.admit(() => true)
      const got = collect(again, 'raft')
      await until(
        () => got.length > 0,
        'the new life',
        () => a.send(b.identity, 'raft', bytes('again')),
      )
      expect(got[0]).toEqual({ from: a.identity, text: 'again' })
    })

    it('brings an answer to each question', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      b.answer('double', async (from, question) => bytes(`${from} ${text(question)}${text(question)}`))
      b.answer('size', async (_, question) => new Uint8Array(question.length).fill(7))
      const signal = new AbortController().signal
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) => a.ask(b.identity, 'double', bytes(`q${i}`), signal)),
      )
      expect(answers.map(text)).toEqual(answers.map((_, i) => `${a.identity} q${i}q${i}`))
      for (const size of [0, 4 * 1024 * 1024]) {
        const answer = await a.ask(b.identity, 'size', new Uint8Array(size), signal)
        expect(answer.length).toBe(size)
        expect(answer.every((byte) => byte === 7)).toBe(true)
      }
    })

    it('says that a question got no answer', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      b.answer('fails', () => Promise.reject(new Error('cannot')))
      const signal = new AbortController().signal
      for (const protocol of ['fails', 'nobody answers this']) {
        await expect(a.ask(b.identity, protocol, bytes('?'), signal)).rejects.toMatchObject({ code: 'unavailable' })
      }
      let asked = false
      b.answer('never', () => {
        asked = true
        return new Promise(() => undefined)
      })
      const broken = a.ask(b.identity, 'never', bytes('?'), signal)
      const told = expect(broken).rejects.toMatchObject({ code: 'unavailable' })
      await until(() => asked, 'the question')
      await setting.kill('b')
      await told
      await expect(a.ask(b.identity, 'fails', bytes('?'), signal)).rejects.toMatchObject({ code: 'unavailable' })
    })

    it('stops asking when it is told to', async () => {
      const [a, b] = (await friends('a', 'b')) as [Network, Network]
      b.answer('never', () => new Promise(() => undefined))
      const controller = new AbortController()
      const reason = new Error('enough')
      const asking = a.ask(b.identity, 'never', bytes('?'), controller.signal)
      const told = expect(asking).rejects.toBe(reason)
      await pass(100)
      controller.abort(reason)
      await told
      await expect(a.ask(b.identity, 'never', bytes('?'), controller.signal)).rejects.toBe(reason)
    })

    it('spreads a broadcast to all but the sender', async () => {
      const networks = (await friends('a', 'b', 'c')) as [Network, Network, Network]
      const [a, b, c] = networks
      await connect(a, b)
      await connect(b, c)
      const heard = networks.map((network) => {
        const list: string[] = []
        network.hear((from, payload) => list.push(`${from} ${text(payload)}`))
        return list
      })
      await until(
        () => networks.every((network, at) => others(networks, network).every((line) => heard[at]?.includes(line))),
        'hearsay',
        () => {
          for (const network of networks) network.broadcast(bytes('news'))
        },
      )
      networks.forEach((network, at) => {
        expect(heard[at]?.filter((line) => line.startsWith(network.identity))).toEqual([])
      })
    })
  })
}

function collect(network: Network, lane: 'raft' | 'swim'): { from: string; text: string }[] {
  const got: { from: string; text: string }[] = []
  network.receive(lane, (from, packet) => got.push({ from, text: text(packet) }))
  return got
}

function others(networks: readonly Network[], self: Network): string[] {
  return networks.filter((network) => network !== self).map((network) => `${network.identity} news`)
}

function bytes(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}

function text(packet: Uint8Array): string {
  return new TextDecoder().decode(packet)
}
