import { constants } from 'node:fs'
import { chmod, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { assert } from '../lib/assert.ts'
import { DeviceError, type Files } from './host.ts'
import { mountMemory, mountsBelow, unmountBelow } from './mounts.io.ts'
import { partOf, pinPart } from './pin.io.ts'
import { projectFiles } from './projection.io.ts'

/** Folders and files for pods, below a folder of this daemon's own. */
export function newFiles(root: string): Files {
  return {
    root,
    makeFolder: (path, mode) => telling(path, () => makeOpenFolder(path, mode)),

    makeMemoryFolder: (path, mode, bytesMax) =>
      telling(path, async () => {
        await makeOpenFolder(path, mode)
        if ((await mountsBelow(path)).includes(path)) return 'memory'
        return (await mountMemory(path, mode, bytesMax)) ? 'memory' : 'disk'
      }),

    writeFile: (path, data, mode) => telling(path, () => writeInPlace(path, data, mode)),
    read: (path, bytesMax) => telling(path, () => readStart(path, bytesMax)),
    project: (path, files) => {
      for (const { name } of files) assert(!/(^|\/)\.\.|^\/|^$/.test(name), 'a projected file stays in its folder')
      return telling(path, () => projectFiles(path, files))
    },

    async look(path) {
      const found = await telling(path, () => orNull(stat(path)))
      if (found === null) return null
      if (found.isDirectory()) return 'folder'
      if (found.isFile()) return 'file'
      if (found.isSocket()) return 'socket'
      return found.isCharacterDevice() || found.isBlockDevice() ? 'device' : 'other'
    },

    list: (path) => telling(path, async () => ((await orNull(readdir(path))) ?? []).sort()),
    pin: (folder, path, at) => telling(path, () => (at === null ? partOf(folder, path) : pinPart(folder, path, at))),

    removeTree: (path) => {
      assert(path.startsWith(`${root}/`) && !path.includes('..'), 'only what is below the root is removed')
      return telling(path, async () => {
        // Removing must not reach through a mount into what is not the pod's.
        await unmountBelow(path)
        await rm(path, { recursive: true, force: true })
      })
    },
  }
}

/** Parents are for their owner only: the engine, which mounts what lies in them, goes through them as root. */
async function makeOpenFolder(path: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await mkdir(path)
    await chmod(path, mode)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  }
}

async function writeInPlace(path: string, data: Uint8Array, mode: number): Promise<void> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode)
  try {
    if ((await file.readFile()).equals(data)) return await file.chmod(mode)
    await file.truncate(0)
    await file.write(data, 0, data.length, 0)
    await file.chmod(mode)
  } finally {
    await file.close()
  }
}

async function readStart(path: string, bytesMax: number): Promise<Uint8Array | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await orNull(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
  if (file === null) return null
  try {
    if (!(await file.stat()).isFile()) return null
    const { bytesRead, buffer } = await file.read(Buffer.alloc(bytesMax), 0, bytesMax, 0)
    return new Uint8Array(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

/** What is not there, or is a link where none may be, is null. */
async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((cause as NodeJS.ErrnoException).code ?? '')) return null
    throw cause
  }
}

async function telling<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause
    throw new DeviceError('failed', `${path}: ${(cause as Error).message}`, cause)
  }
}
