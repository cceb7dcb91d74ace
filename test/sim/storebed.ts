import { setMaxListeners } from 'node:events'
import type { Database, Log } from '../../src/host/host.ts'
import { childSignal, sleep } from '../../src/lib/wait.ts'
import type { AppliedMark, MachineEntry } from '../../src/raft/machine.ts'
import { driveStore, openStore, type Store } from '../../src/store/driver.ts'
import { newStoreCore } from '../../src/store/store.ts'
import type { Txn } from '../../src/store/types.ts'
import { newSimClock, newSimMachineClock } from './host/clock.ts'
import { newSimDisk } from './host/disk.ts'
import { newSimLog, type SimLogLine } from './host/log.ts'
import { newSimProcess, type SimProcess } from './process.ts'
import { newWorld } from './world.ts'

// Writers that wait side by side on one signal are bounded by the store, not by Node's guess of a leak.
setMaxListeners(0)

/** What becomes of an offer: the delays after which the log takes it, none if it is lost; `refused` if it is not even offered. */
export type Fate = readonly number[] | 'refused'

export interface Life {
  readonly store: Store
  readonly process: SimProcess
  readonly signal: AbortSignal
  readonly lines: SimLogLine[]
  /** How `driveStore` ended. */
  readonly ended: Promise<unknown>
  stop(reason: Error): void
  pass(ms: number): Promise<void>
}

const configuration = { voters: ['p1'], votersOutgoing: [], learners: [] }
export type Bed = ReturnType<typeof newBed>

/** One node's store on simulated devices, below a log that is scripted: what Raft may do, good and bad. */
export function newBed(seed = 1) {
  const world = newWorld(seed)
  const end = world.runFreely()
  const disk = newSimDisk(world, 'n1')
  const machineClock = newSimMachineClock(world)
  const log: MachineEntry[] = []
  let life: Life | null = null
  let lives = 0
  let tell: (status: { term: number; leader: string | null }) => void = () => undefined

  const bed = {
    world,
    disk,
    log,
    fate: (): Fate => [1],
    end,
    offered: [] as { atMs: number; data: Uint8Array }[],
    markAt: (index: number): AppliedMark => ({ index, term: 1, configuration }),

    append(data: Uint8Array) {
      log.push({ index: log.length + 1, term: 1, timeMs: 0, data })
      if (life?.process.alive) bed.catchUp(life.store)
    },
    catchUp(store: Store) {
      const next = log.slice(bed.headOf(store))
      if (next.length > 0) store.machine.apply(next, bed.markAt(log.length))
    },
    headOf: (store: Store): number => store.parts.core.head.index,

    raft: {
      propose(data: Uint8Array): boolean {
        const fate = bed.fate()
        if (fate === 'refused') return false
        bed.offered.push({ atMs: world.nowMs, data })
        // A moment later than the one before: the world draws lots among events of one instant.
        const laterMs = bed.offered.length * 1e-6
        for (const delayMs of fate) world.after(delayMs + laterMs, () => bed.append(data))
        return true
      },
      barrier: (_signal: AbortSignal): Promise<void> => Promise.resolve(),
      watch(listener: typeof tell) {
        tell = listener
        return () => undefined
      },
    },
    leads: (leader: string | null, term: number) => tell({ leader, term }),

    database: (process: SimProcess): Promise<Database> => disk.mount(process).open('state'),
    newProcess: (): SimProcess => newSimProcess(world, 'n1', ++lives),

    async start(): Promise<Life> {
      const process = bed.newProcess()
      const lines: SimLogLine[] = []
      const simLog: Log = newSimLog(world, process, (line) => lines.push(line))
      const clock = newSimClock(world, process, machineClock)
      const store = await openStore({ database: await bed.database(process), log: simLog })
      bed.catchUp(store)
      const whole = new AbortController()
      const { signal } = childSignal(whole.signal)
      const ended = driveStore(store, { raft: bed.raft, clock, origin: originOf(lives) }, signal).catch(
        (reason: unknown) => reason,
      )
      const pass = (ms: number): Promise<void> => sleep((wait, done) => world.after(wait, done), ms, neverAborted)
      life = { store, process, signal, lines, ended, pass, stop: (reason) => whole.abort(reason) }
      return life
    },
  }
  return bed
}

/** Later lives have earlier names: the order of use is not that of the alphabet. */
export const originOf = (life: number): string => `life-${90 - life}`

export const neverAborted = new AbortController().signal

export function create(key: string, size = 10): Txn {
  return { writes: [{ type: 'put', key, expect: { type: 'absent' }, value: new Uint8Array(size).fill(key.length) }] }
}

export function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ resolved: value }),
    (reason: unknown) => reason,
  )
}

/** What a store that applied this log from the beginning holds. */
export function reference(log: readonly MachineEntry[]) {
  const core = newStoreCore()
  for (const entry of log) core.apply(entry)
  return core
}
