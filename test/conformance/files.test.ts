import { mkdir, mkdtemp, readFile, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Files } from '../../src/host/host.ts'
import { mountsBelow } from '../../src/host/mounts.io.ts'
import { newFiles } from '../../src/host/volumes.io.ts'
import { newSimFiles } from '../sim/host/files.ts'
import { newSimProcess } from '../sim/process.ts'
import { newWorld } from '../sim/world.ts'
import { type FilesFixture, filesSuite } from './files.ts'

filesSuite('real', realFixture)
filesSuite('simulated', simulatedFixture)

async function realFixture(): Promise<FilesFixture> {
  const root = await mkdtemp(join(await realpath(tmpdir()), 'skein-files-'))
  const files = newFiles(join(root, 'pods'))
  return {
    files,
    text: (path) => readFile(path, 'utf8').catch(() => null),
    link: (path, target) => symlink(target, path),
    async close() {
      for (const name of await files.list(files.root)) await files.removeTree(join(files.root, name))
      await rm(root, { recursive: true })
    },
  }
}

function simulatedFixture(): Promise<FilesFixture> {
  const world = newWorld(3)
  const stop = world.runFreely()
  const files = newSimFiles(world)
  return Promise.resolve({
    files: files.attach(newSimProcess(world, 'n1')),
    text: (path) => Promise.resolve(files.text(path)),
    link: (path, target) => Promise.resolve(files.plantLink(path, target)),
    close: () => Promise.resolve(stop()),
  })
}

/** Only root may mount; without, parts of volumes that others write into are refused. */
const isRoot = process.getuid?.() === 0

describe('real files', () => {
  let root: string
  let files: Files
  let volume: string

  beforeEach(async () => {
    root = await mkdtemp(join(await realpath(tmpdir()), 'skein-files-'))
    files = newFiles(join(root, 'pods'))
    volume = join(root, 'pods/u1/volumes/data')
    await files.makeFolder(volume, 0o777)
    await writeFile(join(root, 'outside'), 'of the host')
  })
  afterEach(async () => {
    await files.removeTree(join(files.root, 'u1'))
    expect(await mountsBelow(root)).toEqual([])
    expect(await readFile(join(root, 'outside'), 'utf8')).toBe('of the host')
    await rm(root, { recursive: true })
  })

  const at = (): string => join(root, 'pods/u1/parts/main/0')

  it('gives modes as asked, whatever the mask', async () => {
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777
    expect(await mode(volume)).toBe(0o777)
    expect(await mode(join(root, 'pods/u1'))).toBe(0o700)
    await files.writeFile(join(root, 'pods/u1/words'), new Uint8Array(), 0o666)
    expect(await mode(join(root, 'pods/u1/words'))).toBe(0o666)
    await files.project(join(root, 'pods/u1/volumes/s'), [{ name: 'key', data: new Uint8Array(1), mode: 0o400 }])
    expect(await mode(join(root, 'pods/u1/volumes/s/key'))).toBe(0o400)
  })

  it('turns a projection at once: whoever reads sees all old or all new', async () => {
    const path = join(root, 'pods/u1/volumes/c')
    const version = (n: number) => ['a', 'b'].map((name) => ({ name, data: Buffer.from(`${n}`), mode: 0o644 }))
    await files.project(path, version(0))
    let writing = true
    const writer = (async () => {
      for (let n = 1; n <= 50; n++) await files.project(path, version(n))
      writing = false
    })()
    while (writing) {
      // Through one `..data`, as a reader does who wants both of one version.
      const folder = await realpath(join(path, '..data')).catch(() => null)
      const both = await Promise.all(['a', 'b'].map((name) => readFile(join(folder ?? '', name), 'utf8'))).catch(
        () => null,
      )
      if (both !== null) expect(both[0]).toBe(both[1])
      expect(await readFile(join(path, 'a'), 'utf8')).toMatch(/^\d+$/)
    }
    await writer
    expect((await files.list(path)).filter((name) => name.startsWith('..'))).toHaveLength(2)
  })

  it.runIf(isRoot)('holds a part of a volume, whoever puts a link in its place then', async () => {
    await mkdir(join(volume, 'sub'))
    await writeFile(join(volume, 'sub/f'), 'inside')
    const shown = await files.pin(volume, 'sub', at())
    expect(shown).toBe(at())
    await rename(join(volume, 'sub'), join(volume, 'moved'))
    await symlink(root, join(volume, 'sub'))
    expect(await readFile(join(shown, 'f'), 'utf8')).toBe('inside')
    // Asked again, as after a restart of the daemon: what is held stays.
    expect(await files.pin(volume, 'sub', at())).toBe(shown)
    expect(await readFile(join(shown, 'f'), 'utf8')).toBe('inside')
  })

  it.runIf(isRoot)('makes a part that is missing, and holds a single file', async () => {
    await files.pin(volume, 'new/deep', at())
    expect(await files.look(join(volume, 'new/deep'))).toBe('folder')
    await writeFile(join(volume, 'f'), 'one file')
    const shown = await files.pin(volume, 'f', join(root, 'pods/u1/parts/main/1'))
    expect(await readFile(shown, 'utf8')).toBe('one file')
  })

  it.runIf(isRoot)('follows links inside a volume, and none out of it', async () => {
    await mkdir(join(volume, 'real'))
    await symlink('real', join(volume, 'inside'))
    await files.pin(volume, 'inside', at())
    for (const [i, target] of [root, '..', '/etc', join(root, 'outside'), '/no/such'].entries()) {
      await symlink(target, join(volume, `out${i}`))
      const held = files.pin(volume, `out${i}`, join(root, `pods/u1/parts/main/${i + 1}`))
      await expect(held).rejects.toMatchObject({ name: 'DeviceError', code: 'invalid' })
      await expect(files.pin(volume, `out${i}`, null)).rejects.toMatchObject({ name: 'DeviceError' })
    }
    await symlink(root, join(volume, 'way'))
    await expect(files.pin(volume, 'way/made', join(root, 'pods/u1/parts/x'))).rejects.toMatchObject({
      code: 'invalid',
    })
    expect(await files.look(join(root, 'made'))).toBeNull()
  })

  it.runIf(isRoot)('is not outrun by a container that turns folder and link again and again', async () => {
    const place = join(volume, 'a')
    let turning = true
    const attacker = (async () => {
      // What is pinned may be made in between: then a step here fails, and the next comes.
      const acts = [
        () => rm(place, { recursive: true }),
        () => symlink(root, place),
        () => rm(place),
        () => mkdir(place),
      ]
      while (turning) for (const act of acts) await act().catch(() => undefined)
    })()
    for (let i = 0; i < 60; i++) {
      const shown = await files.pin(volume, 'a', join(root, `pods/u1/parts/race/${i}`)).catch(() => null)
      if (shown !== null) expect(await files.look(join(shown, 'outside'))).toBeNull()
    }
    turning = false
    await attacker
    // Left alone, it is held; how often it was in between is chance.
    await rm(place, { recursive: true, force: true })
    const shown = await files.pin(volume, 'a', join(root, 'pods/u1/parts/race/at-last'))
    expect(await files.look(join(shown, 'outside'))).toBeNull()
  })

  it.runIf(isRoot)('puts what belongs there into memory, as large as it may be', async () => {
    const path = join(root, 'pods/u1/volumes/m')
    expect(await files.makeMemoryFolder(path, 0o777, 1 << 20)).toBe('memory')
    await expect(writeFile(join(path, 'f'), new Uint8Array(2 << 20))).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  it('never reaches through a mount when it removes', async () => {
    await mkdir(join(root, 'host'))
    await writeFile(join(root, 'host/kept'), '')
    if (isRoot) await files.pin(join(root, 'host'), '.', at())
    await files.removeTree(join(files.root, 'u1'))
    expect(await files.look(join(root, 'host/kept'))).toBe('file')
  })
})
