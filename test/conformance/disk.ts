import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, DeviceError, type Disk, type DiskWrite } from '../../src/host/host.ts'

/** One medium, and the lives of the daemon that uses it. */
export interface DiskSetting {
  /** Begins a life: the disk as a new process sees it. */
  start(): Disk
  /** Ends the life as SIGKILL and a power cut do, whatever is under way. */
  kill(): Promise<void>
  /** Takes the files of a database away, between two lives. */
  empty(name: 'log' | 'state'): Promise<void>
  /** From now on the medium takes nothing more, until the life ends. */
  fail(name: 'log' | 'state'): void
  end(): Promise<void>
}

/** What every disk keeps to. */
export function diskSuite(form: string, make: () => Promise<DiskSetting>): void {
  describe(`disk, ${form}`, () => {
    let setting: DiskSetting
    beforeEach(async () => {
      setting = await make()
    })
    afterEach(() => setting.end())

    async function reopened(name: 'log' | 'state' = 'log'): Promise<Database> {
      await setting.kill()
      return setting.start().open(name)
    }

    it('gives back what was written, byte for byte, and nothing else', async () => {
      const database = await setting.start().open('log')
      expect(await database.get('a')).toBeUndefined()
      const value = Uint8Array.from({ length: 256 }, (_, i) => i)
      await database.write([put('a', value), put('empty', new Uint8Array(0))], { sync: false })
      expect([...must(await database.get('a'))]).toEqual([...value])
      expect(must(await database.get('empty')).length).toBe(0)
      await database.write([{ type: 'delete', key: 'a' }], { sync: false })
      expect(await database.get('a')).toBeUndefined()
      // Deleting what is not there is no error.
      await database.write([{ type: 'delete', key: 'a' }], { sync: true })
      expect(await keys(database)).toEqual(['empty'])
    })

    it('takes its copy when it is called, and gives copies', async () => {
      const database = await setting.start().open('log')
      const value = bytes('first')
      const writing = database.write([put('a', value)], { sync: false })
      value.fill(0)
      await writing
      const read = must(await database.get('a'))
      expect(text(read)).toBe('first')
      read.fill(0)
      expect(text(must(await database.get('a')))).toBe('first')
    })

    it('scans in the order of bytes, from gte to before lt', async () => {
      const database = await setting.start().open('log')
      const names = ['a', 'B', 'a/', 'a/10', 'a/2', 'a0', '~', '!', 'b']
      await database.write(
        names.map((name) => put(name, bytes(name))),
        { sync: false },
      )
      expect(await keys(database)).toEqual(['!', 'B', 'a', 'a/', 'a/10', 'a/2', 'a0', 'b'])
      const some = await database.scan({ gte: 'a/', lt: 'a0', limit: 10 })
      expect(some.map(([key, value]) => [key, text(value)])).toEqual([
        ['a/', 'a/'],
        ['a/10', 'a/10'],
        ['a/2', 'a/2'],
      ])
      expect(await database.scan({ gte: 'c', lt: 'd', limit: 10 })).toEqual([])
    })

    it('scans from either end, and no more than the limit', async () => {
      const database = await setting.start().open('log')
      const all = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, '0')}`)
      await database.write(
        all.map((name) => put(name, new Uint8Array(100))),
        { sync: false },
      )
      const scan = async (limit: number, reverse: boolean): Promise<string[]> =>
        (await database.scan({ gte: 'k', lt: 'l', limit, reverse })).map(([key]) => key)
      expect(await scan(3, false)).toEqual(all.slice(0, 3))
      expect(await scan(3, true)).toEqual(all.slice(-3).reverse())
      expect(await scan(2400, false)).toEqual(all.slice(0, 2400))
      expect(await scan(9999, true)).toEqual([...all].reverse())
      const below = await database.scan({ gte: 'k', lt: 'k0002', limit: 1, reverse: true })
      expect(below.map(([key]) => key)).toEqual(['k0001'])
    })

    it('carries a batch out in its order, and batches in theirs', async () => {
      const database = await setting.start().open('log')
      await database.write([put('a', bytes('1')), { type: 'delete', key: 'a' }, put('a', bytes('2'))], { sync: false })
      expect(text(must(await database.get('a')))).toBe('2')
      // Not waited for one by one, and alternately synced.
      await Promise.all(
        Array.from({ length: 200 }, (_, i) => database.write([put('n', bytes(String(i)))], { sync: i % 3 === 0 })),
      )
      expect(text(must(await database.get('n')))).toBe('199')
    })

    it('keeps its databases apart', async () => {
      const disk = setting.start()
      const [log, state] = [await disk.open('log'), await disk.open('state')]
      await log.write([put('a', bytes('log'))], { sync: true })
      await state.write([put('a', bytes('state'))], { sync: true })
      expect(text(must(await log.get('a')))).toBe('log')
      expect(text(must(await state.get('a')))).toBe('state')
    })

    it('finds everything again after a close', async () => {
      const disk = setting.start()
      const database = await disk.open('log')
      const writing = database.write([put('a', bytes('1'))], { sync: false })
      await database.close()
      await writing
      const again = await disk.open('log')
      expect(await keys(again)).toEqual(['a'])
    })

    it('finds what was synced again after a crash, with all before it', async () => {
      const database = await setting.start().open('log')
      await database.write([put('a', bytes('1')), put('b', bytes('1'))], { sync: false })
      await database.write([put('b', bytes('2'))], { sync: true })
      const again = await reopened()
      expect(text(must(await again.get('a')))).toBe('1')
      expect(text(must(await again.get('b')))).toBe('2')
    })

    it.each([1, 2, 3, 4, 5, 6])(
      'after a crash at any time holds whole batches, the first so many (round %d)',
      async (round) => {
        const database = await setting.start().open('log')
        let synced = -1
        const writes = Array.from({ length: 40 }, async (_, i) => {
          const batch = Array.from({ length: 8 }, (_, j) => put(`k${i}/${j}`, new Uint8Array(50 * round).fill(i)))
          const sync = i % 7 === round % 7
          try {
            await database.write([...batch, put('last', bytes(String(i)))], { sync })
          } catch (error) {
            return error
          }
          if (sync) synced = i
          return null
        })
        await Promise.race([writes[round * 6] ?? writes[0], Promise.all(writes)])
        const acknowledged = synced
        const again = await reopened()
        const last = Number(text((await again.get('last')) ?? bytes('-1')))
        expect(last).toBeGreaterThanOrEqual(acknowledged)
        const found = await again.scan({ gte: 'k', lt: 'l', limit: 1000 })
        expect(found.length).toBe((last + 1) * 8)
        for (const [key, value] of found) expect(value[0]).toBe(Number(/k(\d+)\//.exec(key)?.[1]))
      },
    )

    it('tells that a write failed, and keeps what was synced before', async () => {
      const database = await setting.start().open('state')
      await database.write([put('a', bytes('kept'))], { sync: true })
      setting.fail('state')
      const error = await database.write([put('a', bytes('lost')), put('b', bytes('lost'))], { sync: true }).then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(DeviceError)
      expect((error as DeviceError).code).toBe('failed')
      const again = await reopened('state')
      // It may have got through after all, but never in part.
      const [a, b] = [text(must(await again.get('a'))), await again.get('b')]
      expect(a).toBe(b === undefined ? 'kept' : 'lost')
    })

    it('never takes an emptied database for a new one, and the other is none the worse', async () => {
      const disk = setting.start()
      const [log, state] = [await disk.open('log'), await disk.open('state')]
      await log.write([put('a', bytes('1'))], { sync: true })
      await state.write([put('a', bytes('1'))], { sync: true })
      await setting.kill()
      await setting.empty('log')
      for (let attempt = 0; attempt < 2; attempt++) {
        const again = setting.start()
        await expect(again.open('log')).rejects.toMatchObject({ name: 'DeviceError', code: 'corrupt' })
        expect(await keys(await again.open('state'))).toEqual(['a'])
        await setting.kill()
      }
    })

    it('can be killed before anything was written, again and again', async () => {
      for (let life = 0; life < 3; life++) {
        expect(await keys(await setting.start().open('log'))).toEqual([])
        await setting.kill()
      }
      const database = await setting.start().open('log')
      await database.write([put('a', bytes('1'))], { sync: true })
      expect(await keys(await reopened())).toEqual(['a'])
    })
  })
}

export function put(key: string, value: Uint8Array): DiskWrite {
  return { type: 'put', key, value }
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value)
}

export async function keys(database: Database): Promise<string[]> {
  return (await database.scan({ gte: '!', lt: '~', limit: 10_000 })).map(([key]) => key)
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing was found')
  return value
}
