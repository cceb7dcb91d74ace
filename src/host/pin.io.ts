import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import { DeviceError } from './host.ts'
import { mountOpened, mountsBelow } from './mounts.io.ts'

/**
 * A part of a volume, safe from whoever writes into the volume. A container could turn a folder into a link between our
 * look and the engine's mount, and would be shown the host's files (CVE-2021-25741). So the part is opened step by step,
 * no step through a link, and what was opened, not its name, is mounted where only this daemon writes.
 */
export async function pinPart(folder: string, path: string, at: string): Promise<string> {
  if ((await mountsBelow(at)).includes(at)) return at
  const steps = await stepsTo(folder, path)
  const { handle, isFolder } = await opened(folder, steps)
  try {
    await mkdir(isFolder ? at : dirname(at), { recursive: true, mode: 0o700 })
    if (!isFolder) await writeFile(at, '')
    await mountOpened(handle.fd, at)
  } finally {
    await handle.close()
  }
  return at
}

/** The same where nobody else writes: links may be followed once and for all, but not out of the folder. */
export async function partOf(folder: string, path: string): Promise<string> {
  const target = await realpath(join(folder, path))
  if (!`${target}/`.startsWith(`${await realpath(folder)}/`)) throw leadsOut(path)
  return target
}

/** The names to go through, links resolved as they are now. Rejects `invalid` when they lead out of the folder. */
async function stepsTo(folder: string, path: string): Promise<readonly string[]> {
  const root = await realpath(folder)
  const inside = await realpath(join(root, path)).then(
    (target) => relative(root, target),
    (cause: NodeJS.ErrnoException) => {
      // What is not there yet is made, under the names as they are given.
      if (cause.code === 'ENOENT') return normalize(path)
      throw cause
    },
  )
  const steps = inside.split('/').filter((step) => step !== '' && step !== '.')
  if (steps.includes('..')) throw leadsOut(path)
  return steps
}

/** Neither read nor written: only a place in the file system (open(2)). Missing from node's constants. */
const openPath = 0o10000000
const folderModeOfParts = 0o755

async function opened(
  folder: string,
  steps: readonly string[],
): Promise<{ readonly handle: FileHandle; readonly isFolder: boolean }> {
  let handle = await open(folder, openPath | constants.O_DIRECTORY)
  try {
    let isFolder = true
    for (const step of steps) {
      if (!isFolder) throw new DeviceError('invalid', `${step} lies below what is not a folder`)
      const next = await openStep(handle, step)
      await handle.close()
      handle = next
      const seen = await handle.stat()
      if (seen.isSymbolicLink()) throw leadsOut(step)
      isFolder = seen.isDirectory()
    }
    return { handle, isFolder }
  } catch (cause) {
    await handle.close()
    throw cause
  }
}

/** `openat` in node's words: the magic link of the folder's descriptor leads to the folder itself, whatever its name is now. */
async function openStep(folder: FileHandle, step: string): Promise<FileHandle> {
  const path = `/proc/self/fd/${folder.fd}/${step}`
  try {
    return await open(path, openPath | constants.O_NOFOLLOW)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
  }
  await mkdir(path, { mode: folderModeOfParts })
  return open(path, openPath | constants.O_NOFOLLOW)
}

function leadsOut(path: string): DeviceError {
  return new DeviceError('invalid', `${path} leads out of its volume by a link`)
}
