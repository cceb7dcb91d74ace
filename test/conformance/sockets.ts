import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ByteStream, Clock, SocketAddress, Sockets } from '../../src/host/host.ts'
import { byteStreamCases, bytes, fate, pass, readAll, text, until } from './bytestream.ts'

/** One form of the device. */
export interface SocketsSetting {
  readonly sockets: Sockets
  readonly clock: Clock
  /** A port that nobody has. */
  freePort(): Promise<number>
  end(): Promise<void>
}

/** What every Sockets device keeps to. */
export function socketsSuite(form: string, make: () => Promise<SocketsSetting>): void {
  describe(`sockets, ${form}`, () => {
    let setting: SocketsSetting
    let stop: AbortController
    const never = new AbortController().signal
    beforeEach(async () => {
      setting = await make()
      stop = new AbortController()
    })
    afterEach(async () => {
      stop.abort(new Error('the test is over'))
      await setting.end()
    })

    async function place(): Promise<SocketAddress> {
      return { address: '127.0.0.1', port: await setting.freePort() }
    }

    /** Both ends of one connection; it lives until the test is over. */
    async function connected(): Promise<{ a: ByteStream; b: ByteStream; clock: Clock }> {
      const at = await place()
      const accepted: ByteStream[] = []
      const accept = (stream: ByteStream): Promise<void> => {
        accepted.push(stream)
        return new Promise(() => undefined)
      }
      await setting.sockets.acceptTcp(at, accept, stop.signal)
      const a = await setting.sockets.connectTcp(at, never)
      await until(setting.clock, () => accepted.length > 0, 'the connection is accepted')
      return { a, b: accepted[0] as ByteStream, clock: setting.clock }
    }

    byteStreamCases(connected)

    it('says whence a connection comes', async () => {
      const at = await place()
      const from: SocketAddress[] = []
      await setting.sockets.acceptTcp(at, async (_, who) => void from.push(who), stop.signal)
      await readAll(await setting.sockets.connectTcp(at, never))
      expect(from).toHaveLength(1)
      expect(from[0]?.address).toMatch(/^(127|10)\.0\.0\.1$/)
      expect(from[0]?.port).toBeGreaterThan(0)
    })

    it('ends a stream whose acceptor is done, and breaks off one whose acceptor failed', async () => {
      for (const [accept, ends] of [
        [async (stream: ByteStream) => stream.send(bytes('all')), 'ended'],
        [() => Promise.reject(new Error('a fault')), 'unavailable'],
      ] as const) {
        const at = await place()
        await setting.sockets.acceptTcp(at, accept, stop.signal)
        const read = async (): Promise<void> => {
          const stream = await setting.sockets.connectTcp(at, never)
          await readAll(stream)
          stream.end()
        }
        expect(await fate(read())).toBe(ends)
      }
    })

    it('drops what comes for an acceptor that is done', async () => {
      const at = await place()
      await setting.sockets.acceptTcp(at, async () => undefined, stop.signal)
      const stream = await setting.sockets.connectTcp(at, never)
      for (let i = 0; i < 100; i++) await stream.send(new Uint8Array(64 * 1024))
      stream.end()
      expect(await fate(readAll(stream))).toBe('ended')
    })

    it('says why nobody takes a connection', async () => {
      const at = await place()
      await expect(setting.sockets.connectTcp(at, never)).rejects.toMatchObject({
        name: 'DeviceError',
        code: 'unavailable',
        message: `dial tcp 127.0.0.1:${at.port}: connect: connection refused`,
      })
    })

    it('gives up connecting when it is told to', async () => {
      const at = await place()
      const reason = new Error('enough')
      await expect(setting.sockets.connectTcp(at, AbortSignal.abort(reason))).rejects.toBe(reason)
    })

    it('takes no more connections, and ends those it took, when its signal aborts', async () => {
      const at = await place()
      let taken = 0
      const accept = (): Promise<void> => {
        taken++
        return new Promise(() => undefined)
      }
      await setting.sockets.acceptTcp(at, accept, stop.signal)
      const stream = await setting.sockets.connectTcp(at, never)
      await until(setting.clock, () => taken > 0, 'the connection is accepted')
      stop.abort(new Error('enough'))
      expect(await fate(readAll(stream))).toBe('unavailable')
      await pass(setting.clock, 50)
      await expect(setting.sockets.connectTcp(at, never)).rejects.toMatchObject({ code: 'unavailable' })
      stop = new AbortController()
      await setting.sockets.acceptTcp(at, accept, stop.signal)
    })

    it('refuses a port that is taken', async () => {
      const at = await place()
      await setting.sockets.acceptTcp(at, async () => undefined, stop.signal)
      await setting.sockets.answerUdp(at, async () => null, stop.signal)
      for (const again of [
        setting.sockets.acceptTcp(at, async () => undefined, stop.signal),
        setting.sockets.answerUdp(at, async () => null, stop.signal),
      ]) {
        await expect(again).rejects.toMatchObject({ name: 'DeviceError', code: 'conflict' })
      }
    })

    it('carries many connections at once', async () => {
      const at = await place()
      const echo = async (stream: ByteStream): Promise<void> => {
        for await (const chunk of stream.received) await stream.send(chunk)
      }
      await setting.sockets.acceptTcp(at, echo, stop.signal)
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const stream = await setting.sockets.connectTcp(at, never)
          await stream.send(bytes(`number ${i}`))
          stream.end()
          return text(await readAll(stream))
        }),
      )
      expect(answers).toEqual(answers.map((_, i) => `number ${i}`))
    })

    it('answers datagrams, and those alone that get an answer', async () => {
      const at = await place()
      const from: SocketAddress[] = []
      await setting.sockets.answerUdp(
        at,
        async (question, who) => {
          from.push(who)
          if (text(question) === 'fails') throw new Error('a fault')
          return text(question) === 'quiet' ? null : bytes(`${text(question)}!`)
        },
        stop.signal,
      )
      const ask = (words: string, signal = never) => setting.sockets.askUdp(at, bytes(words), signal)
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`q${i}`)))
      expect(answers.map(text)).toEqual(answers.map((_, i) => `q${i}!`))
      expect(from[0]?.port).toBeGreaterThan(0)
      for (const words of ['quiet', 'fails']) {
        const giveUp = new AbortController()
        const reason = new Error('enough')
        const asking = ask(words, giveUp.signal)
        const told = expect(asking).rejects.toBe(reason)
        const before = from.length
        await until(setting.clock, () => from.length > before, 'the question')
        await pass(setting.clock, 50)
        giveUp.abort(reason)
        await told
      }
      expect(text(await ask('still'))).toBe('still!')
    })

    it('answers no datagrams any more when its signal aborts', async () => {
      const at = await place()
      await setting.sockets.answerUdp(at, async (question) => question, stop.signal)
      expect(text(await setting.sockets.askUdp(at, bytes('here?'), never))).toBe('here?')
      stop.abort(new Error('enough'))
      await pass(setting.clock, 50)
      await expect(setting.sockets.askUdp(at, bytes('still here?'), never)).rejects.toMatchObject({
        code: 'unavailable',
      })
    })
  })
}
