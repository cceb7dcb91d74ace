import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ProjectedFile } from './host.ts'

/**
 * Files that change all at once, as Kubernetes' atomic writer does it (pkg/volume/util/atomic_writer.go): they lie in a
 * folder of their own, `..data` is a link to it, and what readers open are links through `..data`. To change them, a new
 * folder is filled and `..data` is turned to it by one rename.
 *
 *     settings/app.conf -> ../..data/settings/app.conf       (the first step of a path is the link)
 *     ..data            -> ..x7Gk2q
 *     ..x7Gk2q/settings/app.conf
 */
export async function projectFiles(path: string, files: readonly ProjectedFile[]): Promise<void> {
  await mkdir(path, { recursive: true })
  const before = await targetOf(join(path, dataLink))
  if (before !== null && (await holds(join(path, before), files))) return await turnLinks(path, files)
  // Not joined: that would take the two dots for the folder above.
  const fresh = await mkdtemp(`${path}/..`)
  await chmod(fresh, folderMode)
  for (const file of files) await put(fresh, file)
  const turning = join(path, '..data_new')
  await rm(turning, { force: true })
  await symlink(fresh.slice(path.length + 1), turning)
  await rename(turning, join(path, dataLink))
  await turnLinks(path, files)
  if (before !== null) await rm(join(path, before), { recursive: true, force: true })
  await removeAbandoned(path, fresh.slice(path.length + 1))
}

const dataLink = '..data'
const folderMode = 0o755

async function put(folder: string, { name, data, mode }: ProjectedFile): Promise<void> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true, mode: folderMode })
  await writeFile(path, data)
  await chmod(path, mode)
}

/** The links that readers use: one for each first step of a path; those of files that are no more go. */
async function turnLinks(path: string, files: readonly ProjectedFile[]): Promise<void> {
  const wanted = new Set(files.map(({ name }) => name.split('/')[0] ?? name))
  for (const name of await readdir(path)) {
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(path, name), { recursive: true, force: true })
  }
  for (const name of wanted) {
    const link = join(path, name)
    if ((await targetOf(link)) === null) await symlink(join(dataLink, name), link)
  }
}

/** What a daemon that ended in the middle left behind. */
async function removeAbandoned(path: string, current: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (!name.startsWith('..') || name === dataLink || name === current) continue
    await rm(join(path, name), { recursive: true, force: true })
  }
}

/** Whether the folder holds exactly these files. */
async function holds(folder: string, files: readonly ProjectedFile[]): Promise<boolean> {
  const there = await filesBelow(folder)
  if (there === null || there.length !== files.length) return false
  for (const { name, data, mode } of files) {
    const path = join(folder, name)
    if (!there.includes(name) || ((await lstat(path)).mode & 0o7777) !== mode) return false
    if (!(await readFile(path)).equals(data)) return false
  }
  return true
}

async function filesBelow(folder: string): Promise<readonly string[] | null> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw cause
  }
}

/** Where a link leads; null when there is none. */
async function targetOf(link: string): Promise<string | null> {
  try {
    return await readlink(link)
  } catch (cause) {
    if (['ENOENT', 'EINVAL'].includes((cause as NodeJS.ErrnoException).code ?? '')) return null
    throw cause
  }
}
