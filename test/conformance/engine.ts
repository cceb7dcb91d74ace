import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Container, ContainerSpec, Engine } from '../../src/host/host.ts'
import { must } from '../../src/lib/assert.ts'

/** What the suite needs beside an engine: programs whose behaviour it knows, and time that passes. */
export interface EngineFixture {
  readonly engine: Engine
  /** An image that is here. */
  readonly image: string
  /** An image that is neither here nor anywhere. */
  readonly imageMissing: string
  readonly programs: Readonly<Record<Program, Pick<ContainerSpec, 'command' | 'args'>>>
  /** A file that this machine can run, and that waits until it is told to end. */
  readonly executable: Uint8Array
  pause(ms: number): Promise<void>
  close(): Promise<void>
}

export type Program =
  | 'sleeps' // until asked to stop, then ends
  | 'stubborn' // ignores being asked
  | 'fails' // ends at once with exit code 3
  | 'ends' // ends at once with exit code 0
  | 'absent' // is not in the image

/** The contract of `Engine`, one suite for the real and the simulated one. */
export function engineSuite(name: string, setUp: () => Promise<EngineFixture>): void {
  describe(`engine: ${name}`, () => {
    const suiteLabels = { 'skein.dev/conformance': `${name}-${Date.now()}` }
    const signal = new AbortController().signal
    let fixture: EngineFixture
    let engine: Engine
    let made = 0

    beforeAll(async () => {
      fixture = await setUp()
      engine = fixture.engine
    })
    beforeEach(clear)
    afterAll(async () => {
      await clear()
      await fixture.close()
    })

    async function clear(): Promise<void> {
      for (const { id } of await engine.containers(suiteLabels, signal)) await engine.remove(id, signal)
    }

    function spec(program: Program, more: Partial<ContainerSpec> = {}): ContainerSpec {
      return {
        name: `conformance_${Object.values(suiteLabels).join('_')}_${++made}`,
        image: fixture.image,
        env: [],
        labels: suiteLabels,
        hostname: 'web',
        tty: false,
        stdin: false,
        network: 'default',
        ...fixture.programs[program],
        ...more,
      }
    }

    async function started(program: Program, more: Partial<ContainerSpec> = {}): Promise<string> {
      const id = await engine.create(spec(program, more), signal)
      await engine.start(id, signal)
      return id
    }

    async function look(id: string): Promise<Container | undefined> {
      return (await engine.containers(suiteLabels, signal)).find((container) => container.id === id)
    }

    async function until<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
      for (let tries = 0; tries < 200; tries++) {
        const found = await find()
        if (found !== undefined) return found
        await fixture.pause(50)
      }
      throw new Error(`waited in vain until ${what}`)
    }

    async function exited(id: string): Promise<Container> {
      return until('the container has exited', async () => {
        const container = await look(id)
        return container?.state === 'exited' ? container : undefined
      })
    }

    it('tells what it is and how much there is', async () => {
      const info = await engine.info(signal)
      expect(info.version).toMatch(/^docker:\/\/\d+\.\d+/)
      expect(info.os).toBe('linux')
      expect(info.arch).toMatch(/^(amd64|arm64)$/)
      expect(info.cpuMillis).toBeGreaterThanOrEqual(1000)
      expect(info.memoryBytes).toBeGreaterThan(100 << 20)
    })

    it('creates, starts and shows a container', async () => {
      const asked = spec('sleeps', { labels: { ...suiteLabels, app: 'web' } })
      const id = await engine.create(asked, signal)
      const created = must(await look(id), 'it was just made')
      expect(created).toMatchObject({ id, name: asked.name, image: asked.image, state: 'created' })
      expect(created.labels).toMatchObject({ ...suiteLabels, app: 'web' })
      expect(created.startedAtMs).toBeUndefined()
      await engine.start(id, signal)
      const running = must(await look(id), 'it was just started')
      expect(running.state).toBe('running')
      expect(running.startedAtMs).toBeGreaterThan(0)
      expect(running.finishedAtMs).toBeUndefined()
      expect(running.exitCode).toBeUndefined()
      expect(running.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    })

    it('starting twice is no error', async () => {
      const id = await started('sleeps')
      await engine.start(id, signal)
      expect((await look(id))?.state).toBe('running')
    })

    it('keeps the exit code and the times of what has ended', async () => {
      const [failed, ended] = [await started('fails'), await started('ends')]
      const failure = await exited(failed)
      expect(failure).toMatchObject({ state: 'exited', exitCode: 3, oomKilled: false })
      expect(failure.finishedAtMs).toBeGreaterThanOrEqual(must(failure.startedAtMs, 'it has run'))
      expect(failure.address).toBeUndefined()
      expect(await exited(ended)).toMatchObject({ exitCode: 0 })
    })

    it('refuses a name that is taken', async () => {
      const asked = spec('sleeps')
      await engine.create(asked, signal)
      await expect(engine.create(asked, signal)).rejects.toMatchObject({ name: 'DeviceError', code: 'conflict' })
    })

    it('refuses to create from an image that is not here', async () => {
      const asked = spec('sleeps', { image: fixture.imageMissing })
      await expect(engine.create(asked, signal)).rejects.toMatchObject({ name: 'DeviceError', code: 'not-found' })
    })

    it('says why a program that is not there cannot run, and keeps saying so', async () => {
      const id = await engine.create(spec('absent'), signal)
      await expect(engine.start(id, signal)).rejects.toMatchObject({ name: 'DeviceError', code: 'invalid' })
      const container = must(await look(id), 'it was made')
      expect(container.state).not.toBe('running')
      expect(container.error).toMatch(/\w/)
    })

    it('knows which images are here', async () => {
      expect(await engine.hasImage(fixture.image, signal)).toBe(true)
      expect(await engine.hasImage(fixture.imageMissing, signal)).toBe(false)
    })

    it('says why an image cannot be had', async () => {
      const pull = engine.pull(fixture.imageMissing, signal)
      await expect(pull).rejects.toMatchObject({
        name: 'DeviceError',
        code: expect.stringMatching(/^(not-found|unavailable)$/),
        message: expect.stringMatching(/\w/),
      })
    })

    it('stops what listens well before the grace is over', async () => {
      const id = await started('sleeps')
      await engine.stop(id, 30_000, signal)
      const container = must(await look(id), 'stopping does not remove')
      expect(container.state).toBe('exited')
      const ran = must(container.finishedAtMs, 'it ended') - must(container.startedAtMs, 'it ran')
      expect(ran).toBeLessThan(15_000)
    })

    it('kills what does not listen when the grace is over', async () => {
      const id = await started('stubborn')
      await fixture.pause(300)
      await engine.stop(id, 1000, signal)
      expect(await look(id)).toMatchObject({ state: 'exited', exitCode: 137 })
    })

    it('stopping what has ended, never ran or is gone is no error', async () => {
      const ended = await started('ends')
      await exited(ended)
      await engine.stop(ended, 1000, signal)
      await engine.stop(await engine.create(spec('sleeps'), signal), 1000, signal)
      await engine.remove(ended, signal)
      await engine.stop(ended, 1000, signal)
    })

    it('removes what runs, and what is gone is no error', async () => {
      const id = await started('stubborn')
      await engine.remove(id, signal)
      expect(await look(id)).toBeUndefined()
      await engine.remove(id, signal)
    })

    it('removes by two hands at once', async () => {
      const id = await started('stubborn')
      await Promise.all([engine.remove(id, signal), engine.remove(id, signal), engine.stop(id, 0, signal)])
      expect(await look(id)).toBeUndefined()
    })

    it('lists only what carries all the labels', async () => {
      await engine.create(spec('sleeps', { labels: { ...suiteLabels, color: 'red' } }), signal)
      const blue = await engine.create(spec('sleeps', { labels: { ...suiteLabels, color: 'blue' } }), signal)
      expect(await engine.containers(suiteLabels, signal)).toHaveLength(2)
      const found = await engine.containers({ ...suiteLabels, color: 'blue' }, signal)
      expect(found.map(({ id }) => id)).toEqual([blue])
      expect(await engine.containers({ ...suiteLabels, color: 'green' }, signal)).toEqual([])
    })

    it('many calls at once are all answered', async () => {
      const ids = await Promise.all(Array.from({ length: 12 }, () => engine.create(spec('sleeps'), signal)))
      expect(new Set(ids).size).toBe(12)
      expect(await engine.containers(suiteLabels, signal)).toHaveLength(12)
    })

    it('hints at every change of the containers with the labels, and at no other', async () => {
      const watching = new AbortController()
      const seen: string[] = []
      const labels = { ...suiteLabels, watched: 'yes' }
      const watch = engine.watch(labels, (id) => seen.push(id), watching.signal)
      const ending = expect(watch).rejects.toBe('enough')
      await fixture.pause(300)
      const other = await started('sleeps')
      const id = await started('fails', { labels })
      await until('a hint came', async () => (seen.includes(id) ? true : undefined))
      await exited(id)
      const hints = seen.length
      await engine.remove(id, signal)
      await until('a hint of the removal came', async () => (seen.length > hints ? true : undefined))
      expect(seen).not.toContain(other)
      watching.abort('enough')
      await ending
    })

    it('shares the network of another, and only while that runs', async () => {
      const first = await started('sleeps', { network: 'none' })
      const seen = must(await look(first), 'it runs')
      expect(seen.address).toBeUndefined()
      expect(seen.pid).toBeGreaterThan(1)
      const second = await started('sleeps', { network: { join: first } })
      const joined = must(await look(second), 'it runs')
      expect(joined.address).toBeUndefined()
      expect(joined.pid).not.toBe(seen.pid)
      await engine.remove(first, signal)
      expect((await look(second))?.state).toBe('running')
      const late = await engine.create(spec('sleeps', { network: { join: first } }), signal).catch((cause) => cause)
      const refusal = typeof late === 'string' ? await engine.start(late, signal).catch((cause) => cause) : late
      expect(refusal).toMatchObject({ name: 'DeviceError', code: expect.stringMatching(/invalid|conflict|not-found/) })
    })

    it('a process that has ended has no number', async () => {
      expect((await exited(await started('ends'))).pid).toBeUndefined()
    })

    it('runs commands in a container, and keeps a part of what they print', async () => {
      const id = await started('sleeps')
      const run = (words: readonly string[], bytes = 100) => engine.run(id, words, bytes, signal)
      expect(await run(['sh', '-c', 'exit 4'])).toEqual({ exitCode: 4, output: '' })
      expect(await run(['sh', '-c', 'echo hello'])).toEqual({ exitCode: 0, output: 'hello\n' })
      expect(await run(['sh', '-c', 'echo hello'], 3)).toEqual({ exitCode: 0, output: 'hel' })
      expect(await run(['sh', '-c', 'exit 127'])).toEqual({ exitCode: 127, output: '' })
      await expect(run(['/no/such/program'])).rejects.toMatchObject({ name: 'DeviceError', code: 'invalid' })
      await engine.stop(id, 0, signal)
      await expect(run(['true'])).rejects.toMatchObject({ code: 'conflict' })
      await engine.remove(id, signal)
      await expect(run(['true'])).rejects.toMatchObject({ code: 'not-found' })
    })

    it('lets go of a command when the signal aborts', async () => {
      const id = await started('sleeps')
      const enough = new AbortController()
      const run = expect(engine.run(id, ['sh', '-c', 'sleep 100'], 100, enough.signal)).rejects.toBe('enough')
      await fixture.pause(300)
      enough.abort('enough')
      await run
    })

    it('makes an image of one file, which ends in order when it is told to', async () => {
      const image = 'skein.local/conformance:1'
      await engine.makeImage(image, fixture.executable, signal)
      await engine.makeImage(image, fixture.executable, signal)
      expect(await engine.hasImage(image, signal)).toBe(true)
      const { command: _command, args: _args, ...plain } = spec('sleeps', { image })
      const id = await engine.create(plain, signal)
      await engine.start(id, signal)
      await fixture.pause(300)
      expect((await look(id))?.state).toBe('running')
      await engine.stop(id, 30_000, signal)
      const ended = await exited(id)
      expect(must(ended.finishedAtMs, 'it ended') - must(ended.startedAtMs, 'it ran')).toBeLessThan(15_000)
    })

    it('gives up at once when the signal aborts', async () => {
      const id = await started('stubborn')
      const stopping = new AbortController()
      const stop = expect(engine.stop(id, 60_000, stopping.signal)).rejects.toBe('enough')
      await fixture.pause(200)
      stopping.abort('enough')
      await stop
      await expect(engine.info(stopping.signal)).rejects.toBe('enough')
      await engine.remove(id, signal)
      expect(await look(id)).toBeUndefined()
    })
  })
}
