import { type Database, DeviceError, type Disk, type DiskWrite, type KeyRange } from '../../../src/host/host.ts'
import { assert } from '../../../src/lib/assert.ts'
import type { Random } from '../../../src/lib/random.ts'
import { deviceCall, type SimProcess } from '../process.ts'
import { bytesMark } from '../trace.ts'
import type { World } from '../world.ts'

/**
 * One host's disk, which outlives its daemons. What is written without `sync` sits in a cache that a crash loses from a
 * random point on; a batch is there whole or not at all. After a failed write the disk tells no more truth: it goes on
 * failing, or (as kernels do after a failed fsync) says yes and keeps nothing.
 */
export interface SimDisk {
  /** The disk as a new process of this host sees it. The process's death is the crash. */
  mount(process: SimProcess): Disk
  readonly faults: SimDiskFaults
  /** Loses everything on it: a replaced disk. */
  wipe(): void
  /** Empties one database but for the fact that it was there. */
  empty(name: 'log' | 'state'): void
}

export interface SimDiskFaults {
  /** Chance that a synced write fails. */
  failChance: number
  /** Multiplies all latencies. */
  slowness: number
  /** Told when a fault was injected. */
  injected: (kind: 'disk failed' | 'unsynced writes lost') => void
  /** Told of each write as it begins, with how long it will take. */
  writing: (database: string, batch: readonly DiskWrite[], sync: boolean, takesMs: number) => void
}

/** What the medium holds of one database, and what only the cache knows. */
interface Medium {
  durable: Map<string, Uint8Array>
  /** Written, not yet on the medium, in order. The first `applied` of them can be read. */
  readonly cache: (readonly DiskWrite[])[]
  applied: number
  /** What a reader sees: durable and the applied part of the cache, sorted by key when `sorted` holds the keys. */
  view: Map<string, Uint8Array>
  sorted: string[] | null
  state: 'good' | 'failing' | 'lying'
  emptied: boolean
}

export function newSimDisk(world: World, node: string): SimDisk {
  const random = world.random.fork()
  const media = new Map<string, Medium>()
  const faults: SimDiskFaults = { failChance: 0, slowness: 1, injected: () => undefined, writing: () => undefined }
  return {
    faults,
    wipe: () => media.clear(),
    empty(name) {
      const medium = media.get(name)
      if (medium === undefined) return
      Object.assign(medium, { durable: new Map(), view: new Map(), sorted: null, emptied: true })
    },
    mount(process) {
      const open = new Set<string>()
      process.onKill(() => {
        for (const name of open) crash(world, random, node, name, media.get(name), faults)
      })
      return {
        open: (name) =>
          deviceCall(process, null, (answer) => {
            assert(!open.has(name), 'a database is opened once at a time')
            const medium = media.get(name) ?? newMedium()
            media.set(name, medium)
            if (medium.emptied) return answer.reject(1, new DeviceError('corrupt', `database ${name} is empty`))
            open.add(name)
            medium.state = 'good'
            const close = (): void => void open.delete(name)
            const database = newDatabase(world, random.fork(), process, name, medium, faults, close)
            answer.resolve((2 + random.next() * 20) * faults.slowness, database)
          }),
      }
    },
  }
}

function newMedium(): Medium {
  return { durable: new Map(), cache: [], applied: 0, view: new Map(), sorted: null, state: 'good', emptied: false }
}

function newDatabase(
  world: World,
  random: Random,
  process: SimProcess,
  name: string,
  medium: Medium,
  faults: SimDiskFaults,
  onClose: () => void,
): Database {
  let busyUntilMs = 0
  let closed = false
  const readMs = (): number => (0.01 + random.next() * 0.1) * faults.slowness

  /** Writes go one after the other, as through one log file. */
  function writeDelayMs(bytes: number, sync: boolean): number {
    const costMs = (0.01 + bytes / 200_000 + (sync ? 0.2 + random.next() ** 3 * 4 : 0)) * faults.slowness
    busyUntilMs = Math.max(busyUntilMs, world.nowMs) + costMs
    return busyUntilMs - world.nowMs
  }

  return {
    get: (key) =>
      deviceCall(process, null, (answer) => {
        assert(!closed, 'the database is open')
        answer.resolve(readMs(), copied(medium.view.get(key)))
      }),
    scan: (range) =>
      deviceCall(process, null, (answer) => {
        assert(!closed, 'the database is open')
        const found = scan(medium, range)
        answer.resolve(readMs() + found.length * 0.001 * faults.slowness, found)
      }),
    write: (batch, { sync }) =>
      deviceCall(process, null, (answer) => {
        assert(!closed, 'the database is open')
        const fails =
          medium.state === 'failing' || (sync && medium.state === 'good' && random.chance(faults.failChance))
        const lies = random.chance(0.5)
        const bytes = batch.reduce(
          (sum, write) => sum + write.key.length + (write.type === 'put' ? write.value.length : 0),
          0,
        )
        if (medium.state !== 'failing') medium.cache.push(batch.map(copiedWrite))
        const takesMs = writeDelayMs(bytes, sync)
        faults.writing(name, batch, sync, takesMs)
        process.enter(takesMs, () => {
          const error = fails || medium.state === 'failing'
          const mark = `${sync ? 'sync' : 'write'} ${batch.length} ${batchMark(batch)}${error ? ' failed' : ''}`
          world.note('disk', process.node, `${name} ${mark}`)
          if (medium.state !== 'failing') apply(medium)
          if (error) {
            if (medium.state === 'good') {
              medium.state = lies ? 'lying' : 'failing'
              faults.injected('disk failed')
            }
            return answer.reject(0, new DeviceError('failed', `database ${name}: input/output error`))
          }
          if (sync && medium.state === 'good') settle(medium, medium.applied)
          answer.resolve(0, undefined)
        })
      }),
    close: () =>
      deviceCall(process, null, (answer) => {
        assert(!closed, 'the database is open')
        const waitMs = Math.max(0, busyUntilMs - world.nowMs) + 1
        process.enter(waitMs, () => {
          closed = true
          onClose()
          if (medium.state === 'good') settle(medium, medium.applied)
          else crash(world, random, process.node, name, medium, faults)
          answer.resolve(0, undefined)
        })
      }),
  }
}

/** Makes the next cached batch readable. */
function apply(medium: Medium): void {
  const batch = medium.cache[medium.applied]
  assert(batch !== undefined, 'what is applied was cached')
  medium.applied++
  for (const write of batch) {
    const known = medium.view.has(write.key)
    if (known !== (write.type === 'put')) medium.sorted = null
    if (write.type === 'put') medium.view.set(write.key, write.value)
    else medium.view.delete(write.key)
  }
}

/** The first `count` cached batches reach the medium. */
function settle(medium: Medium, count: number): void {
  for (const batch of medium.cache.splice(0, count)) {
    for (const write of batch) {
      if (write.type === 'put') medium.durable.set(write.key, write.value)
      else medium.durable.delete(write.key)
    }
  }
  medium.applied -= Math.min(medium.applied, count)
}

/** A crash: a prefix of the cache had reached the medium by itself, the rest is gone. A lying disk kept nothing. */
function crash(
  world: World,
  random: Random,
  node: string,
  name: string,
  medium: Medium | undefined,
  faults: SimDiskFaults,
): void {
  if (medium === undefined) return
  const cached = medium.cache.length
  const kept = medium.state === 'lying' ? 0 : random.below(cached + 1)
  settle(medium, kept)
  if (medium.cache.length > 0) faults.injected('unsynced writes lost')
  world.note('disk', node, `${name} crash keeps ${kept} of ${cached}`)
  medium.cache.length = 0
  Object.assign(medium, { applied: 0, view: new Map(medium.durable), sorted: null, state: 'good' })
}

function scan(medium: Medium, range: KeyRange): (readonly [string, Uint8Array])[] {
  medium.sorted ??= [...medium.view.keys()].sort()
  const keys = medium.sorted
  const from = lowerBound(keys, range.gte)
  const to = lowerBound(keys, range.lt)
  const inRange =
    range.reverse === true
      ? keys.slice(Math.max(from, to - range.limit), to).reverse()
      : keys.slice(from, Math.min(to, from + range.limit))
  return inRange.map((key) => [key, (medium.view.get(key) as Uint8Array).slice()] as const)
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}

function copied(value: Uint8Array | undefined): Uint8Array | undefined {
  return value?.slice()
}

function copiedWrite(write: DiskWrite): DiskWrite {
  return write.type === 'put' ? { ...write, value: write.value.slice() } : write
}

function batchMark(batch: readonly DiskWrite[]): string {
  const last = batch.at(-1)
  if (last === undefined) return '-'
  return last.type === 'put' ? `${last.key}=${bytesMark(last.value)}` : `-${last.key}`
}
