import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Database, Disk } from '../../src/host/host.ts'
import { newLevelDisk } from '../../src/host/level.io.ts'
import { newSimDisk } from '../sim/host/disk.ts'
import { newSimProcess, type SimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { bytes, type DiskSetting, diskSuite, keys, put } from './disk.ts'

diskSuite('real', async () => newRealSetting(await mkdtemp(join(tmpdir(), 'skein-disk-'))))

for (const seed of [1, 2, 3]) diskSuite(`simulated, seed ${seed}`, async () => newSimSetting(seed))

/**
 * A crash of the real disk: the files are copied as they lie there, under way or not, and the next life begins on the
 * copy. That is what SIGKILL leaves; what a power cut takes besides, the kernel's cache, only the twin can lose.
 */
function newRealSetting(root: string): DiskSetting {
  let lives = 0
  let open: Database[] = []
  const directory = (): string => join(root, String(lives))

  async function close(): Promise<void> {
    await Promise.allSettled(open.map((database) => database.close()))
    open = []
  }

  return {
    start() {
      const disk = newLevelDisk(directory())
      return {
        async open(name) {
          const database = await disk.open(name)
          open.push(database)
          return database
        },
      }
    },
    async kill() {
      const before = directory()
      lives += 1
      await cp(before, directory(), { recursive: true })
      await close()
      await rm(before, { recursive: true })
    },
    async empty(name) {
      for (const file of await readdir(join(directory(), name))) await rm(join(directory(), name, file))
    },
    fail: (name) => fillMedium(join(directory(), name)),
    async end() {
      await close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** Puts `/dev/full` where LevelDB has its log file open: every write to it fails with ENOSPC. */
function fillMedium(location: string): void {
  const descriptors = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return (
        /\.log$/.test(readlinkSync(`/proc/self/fd/${fd}`)) && readlinkSync(`/proc/self/fd/${fd}`).startsWith(location)
      )
    } catch {
      return false
    }
  })
  const target = Number(descriptors[0])
  expect(descriptors.length).toBe(1)
  closeSync(target)
  // The lowest free number is given first: take all below, until it is the target's turn.
  const taken: number[] = []
  for (;;) {
    const fd = openSync('/dev/full', 'w')
    if (fd === target) break
    taken.push(fd)
    expect(fd).toBeLessThan(target)
  }
  for (const fd of taken) closeSync(fd)
}

function newSimSetting(seed: number): DiskSetting {
  const world = newWorld(seed)
  const end = world.runFreely()
  const disk = newSimDisk(world, 'n1')
  let life = 0
  let process: SimProcess | null = null
  return {
    start() {
      life += 1
      process = newSimProcess(world, 'n1', life)
      return disk.mount(process)
    },
    async kill() {
      process?.kill()
      disk.faults.failChance = 0
    },
    async empty(name) {
      disk.empty(name)
    },
    fail: () => {
      disk.faults.failChance = 1
    },
    async end() {
      end()
    },
  }
}

describe('disk, real: what only files can suffer', () => {
  let root: string
  let open: Database[]
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'skein-disk-'))
    open = []
  })
  afterEach(async () => {
    for (const database of open) await database.close()
    await rm(root, { recursive: true, force: true })
  })

  async function opened(disk: Disk, name: 'log' | 'state' = 'log'): Promise<Database> {
    const database = await disk.open(name)
    open.push(database)
    return database
  }

  async function closed(): Promise<void> {
    for (const database of open.splice(0)) await database.close()
  }

  it('says who else may be using it', async () => {
    await opened(newLevelDisk(root))
    await expect(newLevelDisk(root).open('log')).rejects.toMatchObject({
      code: 'conflict',
      message: `${join(root, 'log')}: another daemon uses this directory`,
    })
  })

  it.each([
    ['its directory', async (location: string) => rm(location, { recursive: true })],
    ['CURRENT', async (location: string) => unlink(join(location, 'CURRENT'))],
    ['the manifest', async (location: string) => removeLike(location, /^MANIFEST/)],
    ['all tables', async (location: string) => removeLike(location, /\.ldb$/)],
  ])('tells that it lost %s', async (_what, lose) => {
    const database = await opened(newLevelDisk(root))
    // More than LevelDB keeps in memory, so that there is a table.
    for (let i = 0; i < 50; i++) {
      const batch = Array.from({ length: 10 }, (_, j) => put(`k${i}/${j}`, noise(20_000, i * 10 + j)))
      await database.write(batch, { sync: false })
    }
    await database.write([put('a', bytes('1'))], { sync: true })
    await closed()
    await lose(join(root, 'log'))
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(newLevelDisk(root).open('log')).rejects.toMatchObject({ name: 'DeviceError', code: 'corrupt' })
    }
  })

  it('goes on from a crash while it was being made', async () => {
    const database = await opened(newLevelDisk(root))
    await database.write([put('a', bytes('1'))], { sync: true })
    await closed()
    await unlink(join(root, 'log.made'))
    await writeFile(join(root, 'log.made.new'), 'This data')
    expect(await keys(await opened(newLevelDisk(root)))).toEqual(['a'])
    expect(await readFile(join(root, 'log.made'), 'utf8')).toMatch(/^This database was made/)
    await closed()
    await mkdir(join(root, 'state'))
    expect(await keys(await opened(newLevelDisk(root), 'state'))).toEqual([])
  })

  it('says that a directory cannot be used', async () => {
    await writeFile(join(root, 'file'), '')
    await expect(newLevelDisk(join(root, 'file')).open('log')).rejects.toMatchObject({
      name: 'DeviceError',
      code: 'failed',
    })
  })
})

async function removeLike(location: string, pattern: RegExp): Promise<void> {
  const found = (await readdir(location)).filter((file) => pattern.test(file))
  expect(found.length).toBeGreaterThan(0)
  for (const file of found) await unlink(join(location, file))
}

/** Bytes that do not compress. */
function noise(count: number, seed: number): Uint8Array {
  let word = seed + 1
  return Uint8Array.from({ length: count }, () => {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0
    return word >>> 24
  })
}
