import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { type Database, DeviceError, type Disk, type DiskWrite } from './host.ts'

/**
 * The disk: one LevelDB a database, below the data directory.
 *
 * LevelDB takes a directory that lost its files for a new database, without a word, and a node that forgot its vote or
 * its log in this way would break what it promised. So a marker beside the directory says that the database was made:
 * with it, nothing is ever created again. The marker is written after the database has reached the medium; a crash
 * before that leaves a database in which nothing was written yet, and the next start goes on from there.
 */
export function newLevelDisk(directory: string): Disk {
  return { open: (name) => openDatabase(directory, name) }
}

type Bytes = Level<string, Uint8Array>
type Chained = ReturnType<Bytes['batch']>

async function openDatabase(directory: string, name: string): Promise<Database> {
  const location = join(directory, name)
  const marker = join(directory, `${name}.made`)
  const made = await attempt(location, () => exists(marker))
  // Keys as text and values as plain bytes, which LevelDB's binding takes as they are.
  const level: Bytes = new Level(location, { keyEncoding: 'utf8', valueEncoding: 'view' })
  try {
    await level.open({ createIfMissing: !made })
  } catch (error) {
    throw openError(error, location, made)
  }
  if (!made) {
    await attempt(location, () => mark(directory, location, marker))
  }
  return newDatabase(level, location)
}

function newDatabase(level: Bytes, location: string): Database {
  // One after the other: LevelDB's writes run on a pool of threads, where a later one may overtake.
  let tail: Promise<void> = Promise.resolve()
  return {
    get: (key) => attempt(location, () => level.get(key)),

    scan: ({ gte, lt, reverse, limit }) =>
      attempt(location, () => level.iterator({ gte, lt, reverse: reverse ?? false, limit }).all()),

    write(batch, { sync }) {
      // Filled at once, so that the caller may use its bytes again; chained, which is three times as fast as a list.
      const filled = attempt(location, async () => fill(level.batch(), batch))
      // After a failure all later writes fail with it: what the medium holds is no longer known.
      tail = Promise.all([tail, filled]).then(([, chained]) => attempt(location, () => chained.write({ sync })))
      return tail
    },

    async close() {
      await Promise.allSettled([tail])
      await attempt(location, () => level.close())
    },
  }
}

function fill(chained: Chained, batch: readonly DiskWrite[]): Chained {
  for (const write of batch) {
    if (write.type === 'put') chained.put(write.key, write.value)
    else chained.del(write.key)
  }
  return chained
}

async function exists(path: string): Promise<boolean> {
  try {
    await readFile(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Whole or not at all, and only once the database's own files are sure to be found again. */
async function mark(directory: string, location: string, marker: string): Promise<void> {
  await syncPath(location)
  await syncPath(directory)
  const draft = await open(`${marker}.new`, 'w')
  try {
    await draft.writeFile('This database was made. Without its files the node must not go on as if it were new.\n')
    await draft.sync()
  } finally {
    await draft.close()
  }
  await rename(`${marker}.new`, marker)
  await syncPath(directory)
}

async function syncPath(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function attempt<T>(location: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DeviceError) throw error
    const code = codeOf(error) === 'LEVEL_CORRUPTION' ? 'corrupt' : 'failed'
    throw new DeviceError(code, `${location}: ${reasonOf(error)}`, error)
  }
}

function openError(error: unknown, location: string, made: boolean): DeviceError {
  const code = codeOf(error)
  const reason = reasonOf(error)
  if (code === 'LEVEL_LOCKED')
    return new DeviceError('conflict', `${location}: another daemon uses this directory`, error)
  if (made && /does not exist|No such file/.test(reason)) {
    return new DeviceError('corrupt', `${location}: this database was made before, and is missing or emptied`, error)
  }
  if (code === 'LEVEL_CORRUPTION') return new DeviceError('corrupt', `${location}: ${reason}`, error)
  return new DeviceError('failed', `${location}: ${reason}`, error)
}

/** LevelDB's errors come wrapped: the cause is what happened. */
function innermost(error: unknown): unknown {
  let inner = error
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause
  return inner
}

function codeOf(error: unknown): string | undefined {
  const inner = innermost(error)
  return inner instanceof Error && 'code' in inner ? String(inner.code) : undefined
}

function reasonOf(error: unknown): string {
  const inner = innermost(error)
  return inner instanceof Error ? inner.message : String(inner)
}
