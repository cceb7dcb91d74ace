import { afterEach, describe, expect, it } from 'vitest'
import { newRandom, type Random } from '../../src/lib/random.ts'
import { encodeProposal } from '../../src/store/codec.ts'
import { openStore, type Store } from '../../src/store/driver.ts'
import { sessionsMax } from '../../src/store/sessions.ts'
import { NoQuorumError, type Outcome, UnknownOutcomeError } from '../../src/store/types.ts'
import { newSimLog } from './host/log.ts'
import { type Bed, create, failure, neverAborted, newBed as newBedIn, reference } from './storebed.ts'

const beds: Bed[] = []
function newBed(seed?: number): Bed {
  const bed = newBedIn(seed)
  beds.push(bed)
  return bed
}
afterEach(() => {
  for (const bed of beds.splice(0)) bed.end()
})

function isDone(outcome: unknown): boolean {
  return typeof outcome === 'object' && outcome !== null && 'resolved' in outcome
    ? (outcome.resolved as Outcome).type === 'done'
    : false
}

describe('a writer', () => {
  it('reads its own write, and the log says what was applied', async () => {
    const bed = newBed()
    const { store, signal, lines } = await bed.start()
    const outcomes = await Promise.all([
      store.writer.commit(create('a'), signal),
      store.writer.commit(create('b'), signal),
    ])
    expect(outcomes).toEqual([
      { type: 'done', revisions: [1] },
      { type: 'done', revisions: [2] },
    ])
    const read = store.writer.commit(create('c'), signal).then(() => store.view.get('c')?.revision)
    expect(await read).toBe(3)
    expect(await store.writer.commit(create('c'), signal)).toMatchObject({ type: 'refused' })
    const said = lines.filter(({ message }) => message === 'applied').map(({ fields }) => fields)
    expect(said.map(({ index, revision, term }) => [index, revision, term])).toEqual([
      [1, 1, 1],
      [2, 2, 1],
      [3, 3, 1],
      [4, 3, 1],
    ])
    expect(said.at(-1)?.hash).toBe(store.view.hash)
  })

  it.each([1, 2, 3, 4, 5])(
    'has each transaction happen once, though offers are lost, late and repeated (seed %d)',
    async (seed) => {
      const bed = newBed(seed)
      const random: Random = newRandom(seed)
      const { store, signal, pass } = await bed.start()
      let term = 1
      bed.fate = () => {
        if (random.chance(0.1)) return 'refused'
        return Array.from({ length: random.below(4) }, () => random.below(3000))
      }
      // What became of a write whose writer was not told, once nothing more can come of it.
      const happened = async (value: Uint8Array): Promise<boolean> => {
        await pass(5000)
        const found = store.view.changes('counter', 0, 10_000)
        if (found === 'compacted') throw new Error('nothing was compacted')
        return found.changes.some(({ version }) => version !== null && Buffer.compare(version.value, value) === 0)
      }
      // Everyone increases one counter; what is refused, is tried again on what was then read.
      const increase = async (_: unknown, who: number): Promise<void> => {
        for (let attempt = 0; ; attempt++) {
          const before = store.view.get('counter')
          const value = new Uint8Array([1 + (before?.value[0] ?? 0), who, attempt])
          const expected = before && { type: 'revision' as const, revision: before.revision }
          const write = { type: 'put' as const, key: 'counter', value, expect: expected ?? { type: 'absent' as const } }
          const outcome = await failure(store.writer.commit({ writes: [write] }, signal))
          if (outcome instanceof UnknownOutcomeError ? await happened(value) : isDone(outcome)) return
          if (random.chance(0.2)) bed.leads(`p${random.below(3)}`, ++term)
        }
      }
      await Promise.all(Array.from({ length: 12 }, increase))
      await pass(5000)
      expect(store.view.get('counter')?.value[0]).toBe(12)
      expect(store.view.revision).toBe(12)
      expect(bed.log.length).toBeGreaterThan(12)
      expect(store.view.hash).toBe(reference(bed.log).view.hash)
    },
  )

  it('hears of a batch only when it changed something: nothing means an image', async () => {
    const bed = newBed()
    const { store, signal } = await bed.start()
    const heard: string[][] = []
    store.view.subscribe((changes) => heard.push(changes.map(({ key }) => key)))
    await store.writer.commit(create('a'), signal)
    expect(await store.writer.commit(create('a'), signal)).toMatchObject({ type: 'refused' })
    bed.append(new Uint8Array(0))
    await store.writer.commit(create('b'), signal)
    expect(heard).toEqual([['a'], ['b']])
  })

  it('repeats the same bytes: after a while, at growing intervals, and at once to a new leader', async () => {
    const bed = newBed()
    const { store, signal, pass } = await bed.start()
    bed.fate = () => []
    const startMs = bed.world.nowMs
    const outcome = store.writer.commit(create('a'), signal)
    await pass(1500)
    const times = bed.offered.map(({ atMs }) => atMs - startMs)
    expect(times.length).toBe(3)
    expect(times[0]).toBe(0)
    expect(times[1]).toBeGreaterThanOrEqual(400)
    expect(times[1]).toBeLessThan(410)
    expect(times[2]).toBeGreaterThanOrEqual(1200)
    bed.leads(null, 2)
    expect(bed.offered.length).toBe(3)
    bed.fate = () => [1]
    bed.leads('p2', 2)
    expect(bed.offered.length).toBe(4)
    bed.leads('p2', 2)
    expect(bed.offered.length).toBe(4)
    expect(new Set(bed.offered.map(({ data }) => Buffer.from(data).toString('hex'))).size).toBe(1)
    expect(await outcome).toEqual({ type: 'done', revisions: [1] })
  })

  it('says what it knows when it gives up: surely nothing, or unknown', async () => {
    const bed = newBed()
    const { store, signal, pass } = await bed.start()
    bed.fate = () => 'refused'
    const startMs = bed.world.nowMs
    expect(await failure(store.writer.commit(create('a'), signal))).toBeInstanceOf(NoQuorumError)
    expect(bed.world.nowMs - startMs).toBeLessThan(10_100)
    bed.fate = () => [12_000]
    expect(await failure(store.writer.commit(create('b'), signal))).toBeInstanceOf(UnknownOutcomeError)
    // It may yet happen, and does.
    await pass(5000)
    expect(store.view.get('b')?.revision).toBe(1)
    expect(store.view.get('a')).toBeUndefined()
    // What was given up and never reached the log cannot happen once a later one has.
    bed.fate = () => []
    expect(await failure(store.writer.commit(create('c'), signal))).toBeInstanceOf(UnknownOutcomeError)
    const late = bed.offered.at(-1)?.data ?? new Uint8Array(0)
    bed.fate = () => [1]
    await store.writer.commit(create('d'), signal)
    bed.append(late)
    expect(store.view.get('c')).toBeUndefined()
  })

  it('takes only so many at a time, and none that no store would take', async () => {
    const bed = newBed()
    const { store, signal } = await bed.start()
    bed.fate = () => [100]
    const taken = Array.from({ length: 1024 }, (_, i) => store.writer.commit(create(`k${i}`), signal))
    expect(await failure(store.writer.commit(create('one-more'), signal))).toBeInstanceOf(NoQuorumError)
    expect((await Promise.all(taken)).every(({ type }) => type === 'done')).toBe(true)
    expect(await store.writer.commit(create('again'), signal)).toMatchObject({ type: 'done' })
    expect(await failure(store.writer.commit({ writes: [] }, signal))).toMatchObject({ name: 'InvalidTxnError' })
  })

  it('ends with its caller, and with the daemon', async () => {
    const bed = newBed()
    const { store, signal, stop, ended, pass } = await bed.start()
    bed.fate = () => []
    const caller = new AbortController()
    const one = failure(store.writer.commit(create('a'), caller.signal))
    const two = failure(store.writer.commit(create('b'), signal))
    caller.abort(new Error('the client has gone'))
    expect(await one).toMatchObject({ message: 'the client has gone' })
    expect(await failure(store.writer.commit(create('c'), caller.signal))).toMatchObject({
      message: 'the client has gone',
    })
    stop(new Error('stopped'))
    expect(await two).toMatchObject({ message: 'stopped' })
    expect(await ended).toMatchObject({ message: 'stopped' })
    const offers = bed.offered.length
    await pass(20_000)
    expect(bed.offered.length).toBe(offers)
    expect(await failure(store.writer.commit(create('d'), neverAborted))).toBeInstanceOf(NoQuorumError)
  })

  it('begins a new session when the store forgot the old one, and loses nothing', async () => {
    const bed = newBed()
    const { store, signal } = await bed.start()
    await store.writer.commit(create('a'), signal)
    bed.fate = () => []
    const waiting = [store.writer.commit(create('b'), signal), store.writer.commit(create('c'), signal)]
    for (let i = 0; i <= sessionsMax; i++) {
      bed.append(
        encodeProposal({ origin: `other-${i}`, since: bed.log.length, sequence: 1, acked: 1 }, create(`o${i}`, 0)),
      )
    }
    bed.fate = () => [1]
    bed.leads('p2', 2)
    for (const outcome of await Promise.all(waiting)) expect(outcome.type).toBe('done')
    expect(await store.writer.commit(create('d'), signal)).toMatchObject({ type: 'done' })
    // Whatever of the old session may still come is not applied.
    const before = store.view.revision
    for (const { data } of bed.offered.slice(0, 3)) bed.append(data)
    expect(store.view.revision).toBe(before)
  })

  it('asks raft for a barrier, and says so when there is no answer', async () => {
    const bed = newBed()
    const { store, signal } = await bed.start()
    await store.writer.barrier(signal)
    bed.raft.barrier = (s) => new Promise((_, reject) => s.addEventListener('abort', () => reject(s.reason as Error)))
    expect(await failure(store.writer.barrier(signal))).toBeInstanceOf(NoQuorumError)
    const caller = new AbortController()
    const waiting = failure(store.writer.barrier(caller.signal))
    caller.abort(new Error('the client has gone'))
    expect(await waiting).toMatchObject({ message: 'the client has gone' })
    bed.raft.barrier = () => Promise.reject(new Error('no leader'))
    expect(await failure(store.writer.barrier(signal))).toBeInstanceOf(NoQuorumError)
  })
})

describe('the state on the disk', () => {
  it('follows the log, and rests with it', async () => {
    const bed = newBed()
    const { store, signal, pass } = await bed.start()
    expect(store.machine.durable.index).toBe(0)
    await store.writer.commit(create('a'), signal)
    expect(store.machine.durable.index).toBe(0)
    await pass(2000)
    expect(store.machine.durable).toEqual(bed.markAt(1))
    const { events } = bed.world.trace
    await pass(3_600_000)
    expect(bed.world.trace.events).toBe(events)
    // Much does not wait.
    const startMs = bed.world.nowMs
    await store.writer.commit(create('big', 2_000_000), signal)
    while (store.machine.durable.index < 2) await pass(1)
    expect(bed.world.nowMs - startMs).toBeLessThan(500)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'and the log after it make the same state again, wherever it was cut (seed %d)',
    async (seed) => {
      const bed = newBed(seed)
      const random = newRandom(seed)
      for (let round = 0; round < 8; round++) {
        const { store, signal, pass, process } = await bed.start()
        expect(store.view.hash).toBe(reference(bed.log).view.hash)
        const writes = Array.from({ length: 20 }, async () => {
          await pass(random.below(3000))
          const key = `k${random.below(8)}`
          const before = store.view.get(key)
          const expected = before && { type: 'revision' as const, revision: before.revision }
          const remove =
            expected && random.chance(0.4) ? { writes: [{ type: 'delete' as const, key, expect: expected }] } : null
          const put = {
            writes: [
              {
                type: 'put' as const,
                key,
                expect: expected ?? { type: 'absent' as const },
                value: new Uint8Array(random.below(200)),
              },
            ],
          }
          return failure(store.writer.commit(remove ?? put, signal))
        })
        await pass(random.below(4000))
        process.kill()
        expect(store.machine.durable.index).toBeLessThanOrEqual(bed.log.length)
        void writes
      }
      const { store } = await bed.start()
      expect(store.parts.core.content()).toEqual(reference(bed.log).content())
    },
  )

  it('is told damaged when a value is missing, old, changed, misplaced or too many', async () => {
    const bed = newBed()
    const first = await bed.start()
    for (const key of ['a', 'b', 'c']) await first.store.writer.commit(create(key), first.signal)
    await first.pass(2000)
    first.process.kill()
    const process = bed.newProcess()
    const database = await bed.database(process)
    const values = new Map(await database.scan({ gte: '!', lt: '~', limit: 100 }))
    expect([...values.keys()]).toEqual(['a/r/a', 'a/r/b', 'a/r/c', 'a/s/life-89', 'mark'])
    const value = (key: string): Uint8Array => values.get(key) ?? new Uint8Array(0)
    const damages: Record<string, () => Promise<void>> = {
      'a record is missing': () => database.write([{ type: 'delete', key: 'a/r/b' }], { sync: true }),
      'a session is missing': () => database.write([{ type: 'delete', key: 'a/s/life-89' }], { sync: true }),
      'the mark is missing': () => database.write([{ type: 'delete', key: 'mark' }], { sync: true }),
      'a record too many': () => database.write([{ type: 'put', key: 'a/r/d', value: value('a/r/a') }], { sync: true }),
      'a record in the place of another': () =>
        database.write([{ type: 'put', key: 'a/r/a', value: value('a/r/b') }], { sync: true }),
      'a bit is flipped': () =>
        database.write([{ type: 'put', key: 'a/r/a', value: value('a/r/a').map((b, i) => (i === 9 ? b ^ 1 : b)) }], {
          sync: true,
        }),
    }
    for (const [what, damage] of Object.entries(damages)) {
      await damage()
      const opened = await failure(openStore({ database, log: newSimLog(bed.world, process, () => undefined) }))
      expect(opened, what).toMatchObject({ name: 'DeviceError', code: 'corrupt' })
      await database.write(
        [...values].map(([key, v]) => ({ type: 'put', key, value: v })),
        { sync: true },
      )
      await database.write([{ type: 'delete', key: 'a/r/d' }], { sync: true })
    }
    const sound = await openStore({ database, log: newSimLog(bed.world, process, () => undefined) })
    expect(sound.view.list('').length).toBe(3)
    expect(sound.view.changes('', 2, 9)).toBe('compacted')
    expect(sound.view.changes('', 3, 9)).toEqual({ changes: [], through: 3 })
  })

  it('is not written any more once a write failed: the daemon stops', async () => {
    const bed = newBed()
    const { store, signal, ended, pass } = await bed.start()
    bed.disk.faults.failChance = 1
    await store.writer.commit(create('a'), signal)
    expect(await ended).toMatchObject({ name: 'DeviceError', code: 'failed' })
    await pass(5000)
    expect(store.machine.durable.index).toBe(0)
  })
})

describe('an installed image', () => {
  /** A state far ahead, and its image. */
  function ahead(count: number, sliceBytes: number) {
    const bed = newBed(99)
    for (let i = 0; i < count; i++) {
      const data = encodeProposal({ origin: 'far', since: 0, sequence: i + 1, acked: i + 1 }, create(`far/${i}`, 300))
      bed.log.push({ index: i + 1, term: 1, timeMs: 0, data })
    }
    const core = reference(bed.log)
    return { core, slices: (store: Store) => imageOf(store, sliceBytes), log: bed.log }
  }

  function imageOf(store: Store, sliceBytes: number): Uint8Array[] {
    const image = store.machine.image(sliceBytes)
    const slices: Uint8Array[] = []
    for (let slice = image.next(); slice !== null; slice = image.next()) slices.push(slice)
    return slices
  }

  async function imageAhead(
    count: number,
    sliceBytes = 2000,
  ): Promise<{ slices: Uint8Array[]; core: ReturnType<typeof reference> }> {
    const { log, core } = ahead(count, sliceBytes)
    const bed = newBed(98)
    bed.log.push(...log)
    const { store } = await bed.start()
    return { slices: imageOf(store, sliceBytes), core }
  }

  it('replaces everything, tells watchers to look anew, and survives', async () => {
    const bed = newBed()
    const first = await bed.start()
    await first.store.writer.commit(create('mine'), first.signal)
    const { slices, core } = await imageAhead(50)
    const heard: number[] = []
    first.store.view.subscribe((changes) => heard.push(changes.length))
    await first.store.machine.install(bed.markAt(50), slices)
    expect(heard).toEqual([0])
    expect(first.store.parts.core.content()).toEqual(core.content())
    expect(first.store.view.changes('', 49, 10)).toBe('compacted')
    expect(first.store.machine.durable).toEqual(bed.markAt(50))
    expect(first.lines.at(-1)).toMatchObject({
      message: 'installed',
      fields: { index: 50, revision: 50, hash: core.view.hash },
    })
    // What comes after builds on it, and on the disk only it is left.
    const data = encodeProposal({ origin: 'far', since: 0, sequence: 51, acked: 51 }, create('next'))
    const entry = { index: 51, term: 1, timeMs: 0, data }
    first.store.machine.apply([entry], bed.markAt(51))
    core.apply(entry)
    await first.pass(2000)
    first.process.kill()
    const process = bed.newProcess()
    const database = await bed.database(process)
    const store = await openStore({ database, log: newSimLog(bed.world, process, () => undefined) })
    expect(store.parts.core.content()).toEqual(core.content())
    const keys = (await database.scan({ gte: '!', lt: '~', limit: 1000 })).map(([key]) => key)
    expect(keys.filter((key) => !key.startsWith('b/'))).toEqual(['mark'])
    expect(keys.length).toBe(51 + 1 + 1)
  })

  it.each(Array.from({ length: 12 }, (_, i) => i + 1))(
    'is there whole or not at all after a crash (seed %d)',
    async (seed) => {
      const bed = newBed(seed)
      const first = await bed.start()
      await first.store.writer.commit(create('mine'), first.signal)
      await first.pass(2000)
      const old = first.store.view.hash
      const { slices, core } = await imageAhead(40)
      void failure(first.store.machine.install(bed.markAt(40), slices))
      await first.pass(seed * 2.5)
      const installed = first.store.view.hash === core.view.hash
      first.process.kill()
      const process = bed.newProcess()
      const database = await bed.database(process)
      const store = await openStore({ database, log: newSimLog(bed.world, process, () => undefined) })
      expect([old, core.view.hash]).toContain(store.view.hash)
      if (installed) expect(store.view.hash).toBe(core.view.hash)
      const generations = new Set((await database.scan({ gte: 'a/', lt: 'b~', limit: 1000 })).map(([key]) => key[0]))
      expect([...generations]).toEqual([store.view.hash === old ? 'a' : 'b'])
    },
  )

  it('waits for a write that is under way, and makes others wait', async () => {
    const { slices, core } = await imageAhead(40)
    for (let delayMs = 0; delayMs < 30; delayMs += 0.75) {
      const bed = newBed(1 + delayMs * 4)
      const first = await bed.start()
      await first.store.writer.commit(create('mine'), first.signal)
      const installing = first.store.machine.install(bed.markAt(40), slices)
      await first.pass(delayMs)
      await Promise.all([installing, first.store.parts.persistence.flush()])
      first.process.kill()
      const again = bed.newProcess()
      const log = newSimLog(bed.world, again, () => undefined)
      const store = await openStore({ database: await bed.database(again), log })
      expect(store.view.hash).toBe(core.view.hash)
      expect(store.machine.durable.index).toBe(40)
    }
  })

  it('that is damaged changes nothing, and the next may be sound', async () => {
    const bed = newBed()
    const { store, signal, pass } = await bed.start()
    await store.writer.commit(create('mine'), signal)
    const { slices, core } = await imageAhead(20)
    const damaged = slices.map((slice, i) =>
      i === 1 ? slice.map((byte, at) => (at === 700 ? byte ^ 1 : byte)) : slice,
    )
    const before = store.view.hash
    expect(await failure(store.machine.install(bed.markAt(20), damaged))).toMatchObject({ code: 'corrupt' })
    expect(await failure(store.machine.install(bed.markAt(20), slices.slice(1)))).toMatchObject({ code: 'corrupt' })
    expect(store.view.hash).toBe(before)
    await store.writer.commit(create('more'), signal)
    await pass(2000)
    expect(store.machine.durable.index).toBe(2)
    await store.machine.install(bed.markAt(20), slices)
    expect(store.view.hash).toBe(core.view.hash)
  })

  it('leaves the outcome of what it already holds unknown, and the rest is repeated', async () => {
    const bed = newBed()
    const { store, signal } = await bed.start()
    bed.fate = () => []
    const decided = failure(store.writer.commit(create('decided'), signal))
    const waiting = store.writer.commit(create('waiting'), signal)
    // Elsewhere the first was applied, and then the log was cut.
    const other = newBed(2)
    other.log.push({ index: 1, term: 1, timeMs: 0, data: bed.offered[0]?.data ?? new Uint8Array(0) })
    const { store: peer } = await other.start()
    await store.machine.install(bed.markAt(1), imageOf(peer, 1000))
    expect(await decided).toBeInstanceOf(UnknownOutcomeError)
    bed.log.push(...other.log)
    bed.fate = () => [1]
    bed.leads('p2', 2)
    expect(await waiting).toMatchObject({ type: 'done' })
    expect(store.view.list('').map(({ key }) => key)).toEqual(['decided', 'waiting'])
  })

  it('leaves all outcomes unknown when it may have forgotten their session, and writing goes on', async () => {
    const bed = newBed()
    const { store, signal } = await bed.start()
    bed.fate = () => []
    const offered = failure(store.writer.commit(create('offered'), signal))
    bed.fate = () => 'refused'
    const never = store.writer.commit(create('never'), signal)
    const other = newBed(2)
    for (let i = 0; i <= sessionsMax; i++) {
      const data = encodeProposal({ origin: `other-${i}`, since: i, sequence: 1, acked: 1 }, create(`o${i}`, 0))
      other.log.push({ index: i + 1, term: 1, timeMs: 0, data })
    }
    const { store: peer } = await other.start()
    await store.machine.install(bed.markAt(other.log.length), imageOf(peer, 100_000))
    expect(await offered).toBeInstanceOf(UnknownOutcomeError)
    bed.log.push(...other.log)
    bed.fate = () => [1]
    bed.leads('p2', 2)
    expect(await never).toMatchObject({ type: 'done' })
    expect(store.view.get('offered')).toBeUndefined()
  })
})
