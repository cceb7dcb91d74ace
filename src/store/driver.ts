import type { Clock, Database, Log } from '../host/host.ts'
import { assert } from '../lib/assert.ts'
import { hex } from '../lib/hash.ts'
import type { AppliedMark, MachineEntry, StateMachine } from '../raft/machine.ts'
import { newImage } from './image.ts'
import { newPersistence, openState, type Persistence } from './persistence.driver.ts'
import { newStoreCore, type StoreCore, type Verdict } from './store.ts'
import type { Change, StoreView, StoreWriter } from './types.ts'
import { newWriter, type Proposer, type Writer } from './writer.driver.ts'

/** The store, opened: what rooms read, what Raft feeds, and how rooms write. `parts` is for `driveStore` alone. */
export interface Store {
  readonly view: StoreView
  readonly machine: StateMachine
  /** Takes transactions while `driveStore` runs. */
  readonly writer: StoreWriter
  readonly parts: StoreParts
}

export interface StoreParts {
  readonly core: StoreCore
  readonly persistence: Persistence
  readonly writer: Writer
}

/** Finds or founds the state in this database. Rejects `corrupt` where it is damaged: then it must be fetched anew from peers. */
export async function openStore({ database, log }: { database: Database; log: Log }): Promise<Store> {
  const opened = await openState(database)
  const core = newStoreCore(opened.content)
  const persistence = newPersistence(database, opened, core)
  const writer = newWriter()
  const parts = { core, persistence, writer }
  return { view: core.view, machine: newMachine(parts, opened.mark, log), writer, parts }
}

/** Keeps the state on the disk and carries transactions to the log, until the signal aborts. Rejects when a write failed. */
export async function driveStore(
  { parts: { core, persistence, writer } }: Store,
  { raft, clock, origin }: { raft: Proposer; clock: Clock; origin: string },
  signal: AbortSignal,
): Promise<void> {
  const after: Clock['after'] = (ms, callback) => clock.after(ms, callback)
  writer.begin({ raft, after, nowMs: () => clock.monotonicMs(), origin, since: core.head.index }, signal)
  await persistence.run(after, signal)
}

function newMachine({ core, persistence, writer }: StoreParts, opened: AppliedMark, log: Log): StateMachine {
  let mark = opened
  let installing = false

  function note(message: 'applied' | 'installed'): void {
    const { index, term, hash, revision } = core.head
    log.debug(message, { index, term, hash: hex(hash), revision })
  }

  return {
    get durable() {
      return persistence.durable
    },

    apply(entries: readonly MachineEntry[], next: AppliedMark) {
      assert(!installing, 'nothing is applied while an image is installed')
      const changes: Change[] = []
      const verdicts: [number, Verdict][] = []
      for (const entry of entries) {
        const applied = core.apply(entry)
        persistence.touch(applied)
        note('applied')
        changes.push(...applied.changes)
        verdicts.push([entry.index, applied.verdict])
        if (applied.verdict.type === 'foreign') log.error('left an entry aside', { index: entry.index })
      }
      assert(core.head.index === next.index, 'the mark is that of the last entry')
      mark = next
      persistence.reached(next)
      // Watchers first: who is told the outcome of a write may rely on all others having seen it.
      if (changes.length > 0) core.publish(changes)
      for (const [index, verdict] of verdicts) writer.applied(index, verdict)
    },

    image: (sliceBytes) => newImage(mark, core.content(), sliceBytes),

    async install(next, slices) {
      assert(next.index > core.head.index, 'an image is installed over an older state')
      installing = true
      try {
        await persistence.install(next, slices, (content) => {
          core.replace(content)
          mark = next
          note('installed')
          writer.installed(core)
        })
      } finally {
        installing = false
      }
    },
  }
}
