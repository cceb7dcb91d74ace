import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ByteStream, Clock, Network } from '../../src/host/host.ts'
import { byteStreamCases, bytes, fate, pass, readAll, text, until } from './bytestream.ts'
import type { NetworkSetting } from './network.ts'

/** What every network's streams keep to. */
export function networkStreamsSuite(form: string, make: () => Promise<NetworkSetting>): void {
  describe(`streams of the network, ${form}`, () => {
    const never = new AbortController().signal
    let setting: NetworkSetting
    let clock: Clock
    let a: Network
    let b: Network
    beforeEach(async () => {
      setting = await make()
      clock = setting.clock
      a = await setting.start('a')
      b = await setting.start('b')
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const) {
        one.admit((peer) => peer === other.identity)
        one.learn(other.identity, other.addresses)
      }
    })
    afterEach(() => setting.end())

    /** Both ends of one stream; it lives until the test is over. */
    async function opened(): Promise<{ a: ByteStream; b: ByteStream; clock: Clock }> {
      const accepted: ByteStream[] = []
      b.accept('kept', (_, stream) => {
        accepted.push(stream)
        return new Promise(() => undefined)
      })
      return { a: await a.open(b.identity, 'kept', never), b: accepted[0] as ByteStream, clock }
    }

    byteStreamCases(opened)

    it('says who opens it, and keeps protocols apart', async () => {
      for (const protocol of ['one', 'two']) {
        b.accept(protocol, async (from, stream) => {
          for await (const chunk of stream.received) await stream.send(bytes(`${protocol} ${from} ${text(chunk)}`))
        })
      }
      for (const protocol of ['two', 'one']) {
        const stream = await a.open(b.identity, protocol, never)
        await stream.send(bytes('hello'))
        stream.end()
        expect(text(await readAll(stream))).toBe(`${protocol} ${a.identity} hello`)
      }
    })

    it('is refused where nobody takes it, and where the gate is closed', async () => {
      await expect(a.open(b.identity, 'nobody', never)).rejects.toMatchObject({
        name: 'DeviceError',
        code: 'unavailable',
      })
      b.accept('known', async () => undefined)
      expect(await fate(a.open(b.identity, 'known', never).then(readAll))).toBe('ended')
      b.admit(() => false)
      b.recheck()
      await expect(a.open(b.identity, 'known', never)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(a.open('nowhere', 'known', never)).rejects.toMatchObject({ code: 'unavailable' })
    })

    it('breaks when the gate closes', async () => {
      const ends = await opened()
      const [atA, atB] = [fate(readAll(ends.a)), fate(readAll(ends.b))]
      await ends.a.send(bytes('hello'))
      await pass(clock, 50)
      b.admit(() => false)
      b.recheck()
      expect(await Promise.all([atA, atB])).toEqual(['unavailable', 'unavailable'])
    })

    it('ends when its acceptor is done, and breaks when its acceptor fails', async () => {
      b.accept('done', async (_, stream) => stream.send(bytes('all')))
      b.accept('fails', async (_, stream) => {
        await stream.send(bytes('half'))
        throw new Error('a fault')
      })
      const done = await a.open(b.identity, 'done', never)
      expect(text(await readAll(done))).toBe('all')
      for (let i = 0; i < 100; i++) await done.send(new Uint8Array(64 * 1024))
      done.end()
      // The failure may be there before the opener has the stream in hand.
      expect(await fate(a.open(b.identity, 'fails', never).then(readAll))).toBe('unavailable')
    })

    it('breaks when the peer dies: readers and senders hear of it', async () => {
      const ends = await opened()
      await ends.b.send(bytes('not all'))
      let sentBytes = 0
      const sending = fate(
        (async () => {
          for (;;) {
            await ends.a.send(new Uint8Array(64 * 1024))
            sentBytes += 64 * 1024
          }
        })(),
      )
      const reading = fate(readAll(ends.a))
      await until(clock, () => sentBytes > 0, 'something is sent')
      await pass(clock, 100)
      await setting.kill('b')
      expect(await Promise.all([sending, reading])).toEqual(['unavailable', 'unavailable'])
      await expect(a.open(b.identity, 'kept', never)).rejects.toMatchObject({ code: 'unavailable' })
    })

    it('carries many at once, and again many after them', async () => {
      let taken = 0
      b.accept('echo', async (_, stream) => {
        taken++
        for await (const chunk of stream.received) await stream.send(chunk)
      })
      for (let round = 1; round <= 3; round++) {
        const answers = await Promise.all(
          Array.from({ length: 200 }, async (_, i) => {
            const stream = await a.open(b.identity, 'echo', never)
            await until(clock, () => taken >= 200 * round, 'all are open at once')
            await stream.send(bytes(`number ${i}`))
            stream.end()
            return text(await readAll(stream))
          }),
        )
        expect(answers).toEqual(answers.map((_, i) => `number ${i}`))
      }
    })

    it('stops opening when it is told to', async () => {
      b.accept('known', async () => undefined)
      const reason = new Error('enough')
      await expect(a.open(b.identity, 'known', AbortSignal.abort(reason))).rejects.toBe(reason)
      const giveUp = new AbortController()
      const opening = a.open(b.identity, 'known', giveUp.signal)
      giveUp.abort(reason)
      await expect(opening).rejects.toBe(reason)
    })

    it('lets packets and questions through beside streams that nobody reads', async () => {
      const stalled = await opened()
      const sending = fate(
        (async () => {
          for (;;) await stalled.a.send(new Uint8Array(64 * 1024))
        })(),
      )
      await pass(clock, 300)
      b.answer('echo', async (_, question) => question)
      let heard = 0
      b.receive('swim', () => heard++)
      expect(text(await a.ask(b.identity, 'echo', bytes('still there?'), never))).toBe('still there?')
      a.send(b.identity, 'swim', bytes('hello'))
      await until(clock, () => heard > 0, 'a packet')
      stalled.b.reset()
      expect(await sending).toBe('unavailable')
    })
  })
}
