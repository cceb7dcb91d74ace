import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DeviceError } from './host.ts'

/** The file's bytes, null when there is none. Rejects `failed` when it is there and cannot be read. */
export async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new DeviceError('failed', `cannot read ${path}: ${message}`, cause)
  }
}

/**
 * Puts the file there whole or not at all, also through a power cut: written aside, synced, moved into place, and the
 * folder synced. Rejects `failed`.
 */
export async function writeWhole(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  const folder = dirname(path)
  const aside = join(folder, `.${basename(path)}.new`)
  try {
    await rm(aside, { force: true })
    const file = await open(aside, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, path)
    await syncFolder(folder)
  } catch (cause) {
    throw new DeviceError('failed', `cannot write ${path}: ${(cause as Error).message}`, cause)
  }
}

/** Makes the folder, and those above it, open to their owner only. Not by `recursive`, which never returns where a parent refuses (`/proc`). */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

/** Makes what was created, moved or removed in the folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
