import { describe, expect, it } from 'vitest'
import type { Database, DiskWrite } from '../../../src/host/host.ts'
import { newSimProcess } from '../process.ts'
import { newWorld, type World } from '../world.ts'
import { newSimDisk, type SimDisk } from './disk.ts'

const put = (key: string, value: string): DiskWrite => ({ type: 'put', key, value: new TextEncoder().encode(value) })
const all = { gte: '', lt: '~', limit: 1_000 }

async function opened(world: World, disk: SimDisk) {
  const process = newSimProcess(world, 'n1')
  let database: Database | null = null
  void disk
    .mount(process)
    .open('log')
    .then((found) => {
      database = found
    })
  await world.run(Number.POSITIVE_INFINITY, () => database !== null)
  return { process, database: database as unknown as Database }
}

async function settled<T>(world: World, promise: Promise<T>): Promise<T> {
  let done = false
  const end = (): void => {
    done = true
  }
  promise.then(end, end)
  await world.run(Number.POSITIVE_INFINITY, () => done)
  return promise
}

async function keysAfterCrash(
  seed: number,
  act: (database: Database, world: World) => Promise<void>,
): Promise<string[]> {
  const world = newWorld(seed)
  const disk = newSimDisk(world, 'n1')
  const first = await opened(world, disk)
  await act(first.database, world)
  first.process.kill()
  const second = await opened(world, disk)
  return (await settled(world, second.database.scan(all))).map(([key]) => key)
}

describe('a crash', () => {
  const seeds = Array.from({ length: 60 }, (_, i) => i + 1)

  it('loses nothing that was synced, and of the rest everything after some point, batch by batch', async () => {
    const kept = new Set<string>()
    for (const seed of seeds) {
      const keys = await keysAfterCrash(seed, async (database, world) => {
        await settled(world, database.write([put('a1', ''), put('a2', '')], { sync: false }))
        await settled(world, database.write([put('b', '')], { sync: true }))
        await settled(world, database.write([put('c1', ''), put('c2', '')], { sync: false }))
        await settled(world, database.write([put('d', '')], { sync: false }))
      })
      kept.add(keys.join())
    }
    expect([...kept].sort()).toEqual(['a1,a2,b', 'a1,a2,b,c1,c2', 'a1,a2,b,c1,c2,d'])
  })

  it('in the middle of a synced write leaves it whole or not at all', async () => {
    const kept = new Set<string>()
    for (const seed of seeds) {
      const keys = await keysAfterCrash(seed, async (database) => {
        void database.write([put('a', ''), put('b', '')], { sync: true })
      })
      kept.add(keys.join())
    }
    expect([...kept].sort()).toEqual(['', 'a,b'])
  })

  it('after a failed sync may show that nothing since the last good one is there, whatever was said later', async () => {
    const kept = new Set<string>()
    for (const seed of seeds) {
      const world = newWorld(seed)
      const disk = newSimDisk(world, 'n1')
      const { process, database } = await opened(world, disk)
      await settled(world, database.write([put('good', '')], { sync: true }))
      disk.faults.failChance = 1
      await expect(settled(world, database.write([put('failed', '')], { sync: true }))).rejects.toMatchObject({
        code: 'failed',
      })
      disk.faults.failChance = 0
      const later = await settled(
        world,
        database.write([put('later', '')], { sync: true }).then(
          () => 'said yes',
          () => 'refused',
        ),
      )
      process.kill()
      const again = await opened(world, disk)
      const keys = (await settled(world, again.database.scan(all))).map(([key]) => key)
      kept.add(`${later}: ${keys.join()}`)
    }
    expect([...kept].sort()).toEqual(['refused: failed,good', 'refused: good', 'said yes: good'])
  })
})

describe('scanning', () => {
  it('goes in key order, either way, within the range and up to the limit', async () => {
    const world = newWorld(1)
    const { database } = await opened(world, newSimDisk(world, 'n1'))
    await settled(
      world,
      database.write(
        ['d', 'b', 'a', 'c'].map((key) => put(key, key)),
        { sync: true },
      ),
    )
    await settled(world, database.write([{ type: 'delete', key: 'a' }], { sync: true }))
    const keys = async (range: object) =>
      (await settled(world, database.scan({ ...all, ...range }))).map(([key]) => key).join('')
    expect(await keys({})).toBe('bcd')
    expect(await keys({ reverse: true })).toBe('dcb')
    expect(await keys({ gte: 'b', lt: 'd' })).toBe('bc')
    expect(await keys({ limit: 2 })).toBe('bc')
    expect(await keys({ limit: 2, reverse: true })).toBe('dc')
  })
})
