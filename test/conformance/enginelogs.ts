import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ContainerSpec, Engine, LogOptions, LogPiece } from '../../src/host/host.ts'

/** What the suite needs beside an engine: programs whose words it knows, and time that passes. */
export interface EngineLogsFixture {
  readonly engine: Engine
  readonly image: string
  readonly programs: Readonly<Record<TalkingProgram, readonly string[]>>
  /** What the engine's clock says. */
  nowMs(): number
  pause(ms: number): Promise<void>
  close(): Promise<void>
}

export type TalkingProgram =
  | 'counts' // prints `one`, `two`, `three` and ends
  | 'complains' // prints `said` to stdout, some 100 ms later `oops` to stderr, and ends
  | 'lingers' // prints `first`, half a second later `second`, half a second later ends
  | 'chatters' // prints `line 1`, `line 2` …, every 50 ms, for ever
  | 'silent' // prints nothing, for ever

/** What `Engine.logs` keeps to, on every engine. */
export function engineLogsSuite(name: string, setUp: () => Promise<EngineLogsFixture>): void {
  describe(`engine logs: ${name}`, () => {
    const suiteLabels = { 'skein.dev/conformance': `logs-${name}-${Date.now()}` }
    const never = new AbortController().signal
    const all: LogOptions = { follow: false, timestamps: false }
    const following: LogOptions = { follow: true, timestamps: false }
    let fixture: EngineLogsFixture
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
      for (const { id } of await engine.containers(suiteLabels, never)) await engine.remove(id, never)
    }

    async function created(program: TalkingProgram, more: Partial<ContainerSpec> = {}): Promise<string> {
      const spec: ContainerSpec = {
        name: `${Object.values(suiteLabels).join('_')}_${++made}`,
        image: fixture.image,
        command: fixture.programs[program],
        env: [],
        labels: suiteLabels,
        hostname: 'web',
        tty: false,
        stdin: false,
        network: 'default',
        ...more,
      }
      return await engine.create(spec, never)
    }

    async function started(program: TalkingProgram, more: Partial<ContainerSpec> = {}): Promise<string> {
      const id = await created(program, more)
      await engine.start(id, never)
      return id
    }

    async function ended(program: TalkingProgram, more: Partial<ContainerSpec> = {}): Promise<string> {
      const id = await started(program, more)
      for (let tries = 0; tries < 200; tries++) {
        const [found] = (await engine.containers(suiteLabels, never)).filter((container) => container.id === id)
        if (found?.state === 'exited') return id
        await fixture.pause(50)
      }
      throw new Error('the container does not end')
    }

    async function read(id: string, options: LogOptions, signal = never): Promise<string> {
      return textOf(await pieces(id, options, signal))
    }

    async function pieces(id: string, options: LogOptions, signal = never): Promise<LogPiece[]> {
      const found: LogPiece[] = []
      for await (const piece of engine.logs(id, options, signal)) found.push(piece)
      return found
    }

    it('tells what a container has printed, also after it has ended', async () => {
      const id = await ended('counts')
      expect(await read(id, all)).toBe('one\ntwo\nthree\n')
      expect(await read(id, following)).toBe('one\ntwo\nthree\n')
    })

    it('tells nothing of one that printed nothing, or was never started', async () => {
      expect(await read(await created('counts'), all)).toBe('')
      expect(await read(await started('silent'), all)).toBe('')
    })

    it('keeps the two streams apart, in their order', async () => {
      const found = await pieces(await ended('complains'), all)
      expect(textOf(found.filter(({ stream }) => stream === 'stdout'))).toBe('said\n')
      expect(textOf(found.filter(({ stream }) => stream === 'stderr'))).toBe('oops\n')
      expect(textOf(found)).toBe('said\noops\n')
    })

    it('tells the last lines only', async () => {
      const id = await ended('counts')
      for (const [tail, text] of [
        [0, ''],
        [1, 'three\n'],
        [2, 'two\nthree\n'],
        [100, 'one\ntwo\nthree\n'],
      ] as const) {
        expect(await read(id, { ...all, tail })).toBe(text)
        expect(await read(id, { ...following, tail })).toBe(text)
      }
    })

    it('begins at a moment', async () => {
      const id = await started('lingers')
      await until(async () => (await read(id, all)) === 'first\n', 'the first line')
      await fixture.pause(100)
      const sinceMs = fixture.nowMs()
      await until(async () => (await read(id, all)) === 'first\nsecond\n', 'the second line')
      expect(await read(id, { ...all, sinceMs })).toBe('second\n')
      expect(await read(id, { ...all, sinceMs: sinceMs + 3_600_000 })).toBe('')
      expect(await read(id, { ...all, sinceMs: 0 })).toBe('first\nsecond\n')
    })

    it('says when each line was printed', async () => {
      const beforeMs = fixture.nowMs()
      const id = await ended('counts')
      const lines = (await read(id, { ...all, timestamps: true })).trimEnd().split('\n')
      expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual(['one', 'two', 'three'])
      for (const line of lines) {
        expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /)
        const atMs = Date.parse(line.split(' ')[0] ?? '')
        expect(atMs).toBeGreaterThanOrEqual(beforeMs - 5)
        expect(atMs).toBeLessThanOrEqual(fixture.nowMs() + 5)
      }
    })

    it('follows until the container ends, each line as it comes', async () => {
      const id = await started('lingers')
      let text = ''
      let done = false
      const reading = (async () => {
        for await (const { data } of engine.logs(id, following, never)) text += new TextDecoder().decode(data)
        done = true
      })()
      await until(async () => text === 'first\n', 'the first line')
      expect(done).toBe(false)
      await reading
      expect(text).toBe('first\nsecond\n')
    })

    it('follows a container until it is removed', async () => {
      const id = await started('silent')
      const reading = read(id, following)
      await fixture.pause(200)
      await engine.remove(id, never)
      expect(await reading).toBe('')
    })

    it('follows from the last lines on', async () => {
      const id = await started('chatters')
      await until(async () => (await read(id, all)).includes('line 10\n'), 'ten lines')
      const lines: string[] = []
      for await (const { data } of engine.logs(id, { ...following, tail: 2 }, never)) {
        lines.push(...new TextDecoder().decode(data).trimEnd().split('\n'))
        if (lines.length >= 8) break
      }
      const numbers = lines.map((line) => Number(line.slice('line '.length)))
      expect(numbers[0]).toBeGreaterThanOrEqual(9)
      expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i))
    })

    it('ends when it is told to, before and while it waits', async () => {
      const id = await started('silent')
      const reason = new Error('enough')
      await expect(read(id, following, AbortSignal.abort(reason))).rejects.toBe(reason)
      const controller = new AbortController()
      const reading = read(id, following, controller.signal)
      const told = expect(reading).rejects.toBe(reason)
      await fixture.pause(200)
      controller.abort(reason)
      await told
    })

    it('does not know a container that is gone', async () => {
      const id = await started('silent')
      await engine.remove(id, never)
      for (const options of [all, following]) {
        await expect(read(id, options)).rejects.toMatchObject({ name: 'DeviceError', code: 'not-found' })
      }
    })

    async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
      for (let tries = 0; tries < 500; tries++) {
        if (await condition()) return
        await fixture.pause(20)
      }
      throw new Error(`in vain: ${what}`)
    }
  })
}

function textOf(found: readonly LogPiece[]): string {
  return found.map(({ data }) => new TextDecoder().decode(data)).join('')
}
