import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Database, Log } from '../../src/host/host.ts'
import { newLevelDisk } from '../../src/host/level.io.ts'
import type { AppliedMark } from '../../src/raft/machine.ts'
import { encodeProposal } from '../../src/store/codec.ts'
import { openStore, type Store } from '../../src/store/driver.ts'

/** What LevelDB does not tell of its own damage, the store finds. */
describe('the state in LevelDB', () => {
  let root: string
  let database: Database | null
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'skein-state-'))
    database = null
  })
  afterEach(async () => {
    await database?.close()
    await rm(root, { recursive: true, force: true })
  })

  const silent: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    child: () => silent,
  }

  async function open(): Promise<Store> {
    database = await newLevelDisk(root).open('state')
    return openStore({ database, log: silent })
  }

  async function close(): Promise<void> {
    await database?.close()
    database = null
  }

  /** Entries `from` to `through`, each a record, and a flush after each ten. */
  async function fill(store: Store, from: number, through: number): Promise<void> {
    for (let index = from; index <= through; index++) {
      const value = new Uint8Array(300).fill(index)
      const txn = { writes: [{ type: 'put' as const, key: `k/${index}`, expect: { type: 'absent' as const }, value }] }
      const data = encodeProposal({ origin: 'o', since: 0, sequence: index, acked: index }, txn)
      const mark: AppliedMark = { index, term: 1, configuration: { voters: ['p'], votersOutgoing: [], learners: [] } }
      store.machine.apply([{ index, term: 1, timeMs: 0, data }], mark)
      if (index % 10 === 0) await store.parts.persistence.flush()
    }
  }

  /** All that a state holds, in one piece. */
  function imageOf(store: Store): Uint8Array {
    const slice = store.machine.image(10_000_000).next()
    if (slice === null) throw new Error('an image has a slice')
    return slice
  }

  async function logFile(): Promise<string> {
    const files = (await readdir(join(root, 'state'))).filter((file) => file.endsWith('.log'))
    expect(files.length).toBe(1)
    return join(root, 'state', files[0] ?? '')
  }

  it('comes back as it was', async () => {
    const store = await open()
    await fill(store, 1, 700)
    const image = imageOf(store)
    await close()
    const again = await open()
    expect(Buffer.compare(imageOf(again), image)).toBe(0)
    expect(again.machine.durable.index).toBe(700)
    await fill(again, 701, 710)
    expect(again.view.list('k/').length).toBe(710)
  })

  // LevelDB skips the rest of a damaged block of 32 KiB, and goes on with the next: batches are missing in the middle.
  it.each([0.05, 0.2, 0.4, 0.6])(
    'is told damaged when a byte of the log file is flipped (%d of the way)',
    async (where) => {
      await fill(await open(), 1, 400)
      await close()
      await flip(where)
      await expect(open()).rejects.toMatchObject({ name: 'DeviceError', code: 'corrupt' })
    },
  )

  it.each([0.9, 0.95, 0.999])(
    'is an earlier one, whole, when nothing sound follows the damage (%d of the way)',
    async (where) => {
      const store = await open()
      const hashes = new Map<number, string>()
      for (let index = 10; index <= 60; index += 10) {
        await fill(store, index - 9, index)
        hashes.set(index, store.view.hash)
      }
      await close()
      await flip(where)
      const again = await open()
      expect(again.machine.durable.index).toBeLessThan(60)
      expect(again.view.hash).toBe(hashes.get(again.machine.durable.index))
    },
  )

  async function flip(where: number): Promise<void> {
    const path = await logFile()
    const bytes = await readFile(path)
    const at = Math.floor(bytes.length * where)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    await writeFile(path, bytes)
  }

  it('is an earlier one, whole, when the end of the log file is torn off', async () => {
    const store = await open()
    await fill(store, 1, 90)
    const { hash } = store.view
    await fill(store, 91, 100)
    await close()
    const path = await logFile()
    const bytes = await readFile(path)
    await writeFile(path, bytes.subarray(0, bytes.length - 100))
    const again = await open()
    expect(again.machine.durable.index).toBe(90)
    expect(again.view.hash).toBe(hash)
  })
})
