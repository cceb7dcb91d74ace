import { type Clock, type Database, DeviceError, type Identity, type Log, type Network } from '../host/host.ts'
import { assert } from '../lib/assert.ts'
import { newInbox } from '../lib/inbox.ts'
import type { Random } from '../lib/random.ts'
import { sleep } from '../lib/wait.ts'
import { type Announcer, newAnnouncer } from './announce.ts'
import { type Barriers, newBarriers, type Waiter } from './barriers.ts'
import { decodeMessage, encodeMessage, MalformedError } from './codec.ts'
import type { StateMachine } from './machine.ts'
import type { Envelope } from './message.ts'
import { loadLog } from './open.driver.ts'
import type { RaftOptions } from './options.ts'
import { newRaft, type Raft, type Ready } from './raft.ts'
import { installingBatch, type LogDisk, newLogDisk } from './storage.ts'
import type { Configuration, PeerId, RaftHandle } from './types.ts'

export interface RaftParts {
  readonly self: PeerId
  /** Who votes in a cluster that begins here. Null: this peer joins one. Ignored when the log holds something. */
  readonly founding: Configuration | null
  /** The log's own; nothing else writes there. */
  readonly database: Database
  readonly machine: StateMachine
  readonly network: Network
  readonly clock: Clock
  /** Seeded anew for each process. */
  readonly random: Random
  readonly log: Log
  readonly options: RaftOptions
}

export interface RaftDriver extends RaftHandle {
  /** See `driveRaft`. */
  run(signal: AbortSignal): Promise<void>
}

/** Reads the log back, or begins one. Rejects `corrupt` when anything in it is damaged or missing. */
export async function openRaft(parts: RaftParts): Promise<RaftDriver> {
  const { database, machine, network, founding, self, random } = parts
  // A packet holds at least one entry and what surrounds it.
  const entryBytesMax = Math.min(parts.options.entryBytesMax, network.packetBytesMax - 64 * 1024)
  const options: RaftOptions = { ...parts.options, entryBytesMax }
  const { hardState, log } = await loadLog(database, founding, machine, parts.log)
  const image = () => machine.image(options.snapshotSliceBytes)
  const raft = newRaft({ self, options, random: random.fork(), hardState, log, image })
  return newDriver({ ...parts, options }, raft)
}

/** Drives Raft until the signal aborts. Rejects when a write failed: then this peer must not vote or answer any more. */
export function driveRaft(raft: RaftDriver, signal: AbortSignal): Promise<void> {
  return raft.run(signal)
}

// ---- The loop ------------------------------------------------------------------------------------------------------

type Item =
  | { readonly type: 'packet'; readonly from: Identity; readonly packet: Uint8Array }
  | { readonly type: 'propose'; readonly data: Uint8Array }
  | { readonly type: 'members'; readonly voters: readonly PeerId[]; readonly learners: readonly PeerId[] }
  | { readonly type: 'transfer'; readonly to: PeerId }
  | { readonly type: 'hintDead'; readonly peer: PeerId }
  /** Something beside the inbox changed. */
  | { readonly type: 'wake' }

function newDriver(parts: RaftParts, raft: Raft): RaftDriver {
  const { options, network, random, self } = parts
  const inbox = newInbox<Item>(options.inboxMax)
  const announcer = newAnnouncer(raft.status(), raft.hardState, parts.log)
  const barriers = newBarriers({
    ...options,
    tokenPrefix: `${random.below(2 ** 32).toString(36)}${random.below(2 ** 32).toString(36)}`,
    timedOut: () => new DeviceError('unavailable', 'no leader confirmed in time that it leads'),
  })
  const disk = newLogDisk(raft.log.mark.index + 1, raft.log.lastIndex)
  const loop: Loop = {
    parts,
    raft,
    inbox,
    inboxBytes: 0,
    ticksDue: 0,
    announcer,
    barriers,
    disk,
    malformed: new Set(),
  }
  barriers.applied(raft.log.applied)

  return {
    propose(data) {
      assert(data.length <= options.entryBytesMax, 'a proposal is not larger than entryBytesMax')
      return raft.leader !== null && offer(loop, { type: 'propose', data })
    },
    barrier: (signal) => barrier(loop, signal),
    status: () => raft.status(),
    watch: (listener) => announcer.watch(listener),
    changeMembers: (voters, learners) => void offer(loop, { type: 'members', voters, learners }),
    transferLeadership: (to) => void offer(loop, { type: 'transfer', to }),
    hintDead: (peer) => void offer(loop, { type: 'hintDead', peer }),
    async run(signal) {
      network.receive('raft', (from, packet) => void offer(loop, { type: 'packet', from, packet }))
      network.lost((peer) => void offer(loop, { type: 'hintDead', peer }))
      const { voters, votersOutgoing } = raft.log.configuration
      // Nobody else could lead.
      if (voters.length === 1 && voters[0] === self && votersOutgoing.length === 0) raft.campaign(parts.clock.nowMs())
      await run(loop, signal)
    },
  }
}

interface Loop {
  readonly parts: RaftParts
  readonly raft: Raft
  readonly inbox: ReturnType<typeof newInbox<Item>>
  inboxBytes: number
  /**
   * At most a heartbeat's: a loop that was held up has not listened, so the time that passed says nothing about the
   * others; but a leader on a slow disk still sends a heartbeat each time round.
   */
  ticksDue: number
  readonly announcer: Announcer
  readonly barriers: Barriers
  readonly disk: LogDisk
  /** Peers whose packets could not be read, said once each. */
  readonly malformed: Set<Identity>
}

function offer(loop: Loop, item: Item): boolean {
  const bytes = bytesOf(item)
  if (loop.inboxBytes + bytes > loop.parts.options.inboxBytesMax) return false
  if (!loop.inbox.offer(item)) return false
  loop.inboxBytes += bytes
  return true
}

function bytesOf(item: Item): number {
  return item.type === 'packet' ? item.packet.length : item.type === 'propose' ? item.data.length : 0
}

async function run(loop: Loop, signal: AbortSignal): Promise<void> {
  const { parts, raft, inbox, barriers } = loop
  const { clock } = parts
  const stopTicks = startTicks(loop)
  try {
    let more = await turn(loop)
    for (;;) {
      // Between slices of a long apply the callbacks of the devices get their chance.
      if (more) await sleep((ms, callback) => clock.after(ms, callback), 0, signal)
      if (!more || inbox.size > 0) {
        for (const item of await inbox.takeAll(signal)) take(loop, item)
      }
      // After the packets: what was heard counts before the time that passed.
      for (; loop.ticksDue > 0; loop.ticksDue--) {
        raft.tick(clock.nowMs())
        barriers.tick()
      }
      more = await turn(loop)
    }
  } catch (cause) {
    barriers.rejectAll(cause instanceof Error ? cause : new Error(String(cause)))
    throw cause
  } finally {
    stopTicks()
  }
}

function startTicks(loop: Loop): () => void {
  const { clock, options } = loop.parts
  let cancel = (): void => undefined
  const next = (): void => {
    cancel = clock.after(options.tickMs, () => {
      loop.ticksDue = Math.min(loop.ticksDue + 1, options.heartbeatTicks)
      // A full inbox wakes the loop as well.
      offer(loop, { type: 'wake' })
      next()
    })
  }
  next()
  return () => cancel()
}

function take(loop: Loop, item: Item): void {
  const { raft, parts } = loop
  const nowMs = parts.clock.nowMs()
  loop.inboxBytes -= bytesOf(item)
  switch (item.type) {
    case 'packet':
      takePacket(loop, item.from, item.packet)
      return
    case 'propose':
      raft.propose(item.data, nowMs)
      return
    case 'members':
      raft.proposeConfiguration(item.voters, item.learners, nowMs)
      return
    case 'transfer':
      raft.transferLeadership(item.to)
      return
    case 'hintDead':
      raft.hintDead(item.peer, nowMs)
      return
    case 'wake':
      return
  }
}

function takePacket(loop: Loop, from: Identity, packet: Uint8Array): void {
  const { raft, parts, malformed } = loop
  if (from === parts.self) return
  try {
    raft.step(from, decodeMessage(packet), parts.clock.nowMs())
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    if (malformed.has(from)) return
    malformed.add(from)
    parts.log.warn('packets that cannot be read are dropped', { from, reason: cause.message })
  }
}

/** Does all there is to do. True when more is to be applied, after others had their turn. */
async function turn(loop: Loop): Promise<boolean> {
  const { raft, barriers, announcer } = loop
  barriers.ask((token) => raft.readIndex(token))
  for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
    if (!ready.urgent) send(loop, ready.early)
    await Promise.all([persist(loop, ready), apply(loop, ready)])
    if (ready.urgent) send(loop, ready.early)
    send(loop, ready.late)
    for (const read of ready.reads) barriers.answered(read)
    raft.advance(ready)
    barriers.applied(raft.log.applied)
    const status = raft.status()
    if (announcer.announce(status, raft.hardState)) barriers.again()
    await compact(loop)
    if (ready.committed !== null && raft.log.applied < Math.min(raft.log.commit, raft.log.stable)) return true
    barriers.ask((token) => raft.readIndex(token))
  }
  return false
}

function send(loop: Loop, envelopes: readonly Envelope[]): void {
  // Not sent is as good as lost: Raft repeats what matters.
  for (const { to, message } of envelopes) loop.parts.network.send(to, 'raft', encodeMessage(message))
}

/** Brings to disk what the Ready's late messages promise, in one synced batch. */
async function persist(loop: Loop, ready: Ready): Promise<void> {
  const { database, machine, log } = loop.parts
  if (ready.snapshot !== null) {
    const { mark, slices } = ready.snapshot
    await database.write(installingBatch(mark), { sync: true })
    await machine.install({ index: mark.index, term: mark.term, configuration: mark.configuration }, slices)
    log.info('snapshot installed', { index: mark.index, term: mark.term })
  }
  const batch = loop.disk.batchOf(ready)
  if (batch.length > 0) await database.write(batch, { sync: true })
}

/** Beside the write: what is applied was on disk before. A promise only so that both are awaited together. */
async function apply(loop: Loop, ready: Ready): Promise<void> {
  if (ready.committed === null) return
  const none = new Uint8Array(0)
  const entries = ready.committed.entries.map(({ index, term, timeMs, type, data }) => {
    return { index, term, timeMs, data: type === 'data' ? data : none }
  })
  loop.parts.machine.apply(entries, ready.committed.mark)
}

/** Cuts the log where the state has long since held durably what it says, a bounded piece at a time. */
async function compact(loop: Loop): Promise<void> {
  const { raft, disk, parts } = loop
  const { logEntriesKept, logBytesKept, compactEntries } = parts.options
  const { log } = raft
  const limit = Math.min(parts.machine.durable.index, raft.compactable())
  const surplus = Math.min(log.mark.index + compactEntries, limit)
  const tooMany = limit - log.mark.index >= logEntriesKept + compactEntries
  const tooLarge = log.bytes > logBytesKept && surplus > log.mark.index
  if (!tooMany && !tooLarge) return
  // Not synced: a crash that loses it finds the longer log again.
  await parts.database.write(disk.compactBatch(log.markAt(surplus)), { sync: false })
  raft.compact(surplus)
}

function barrier(loop: Loop, signal: AbortSignal): Promise<void> {
  const { barriers } = loop
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const abort = (): void => {
      barriers.remove(waiter)
      reject(signal.reason as Error)
    }
    const waiter: Waiter = {
      resolve() {
        signal.removeEventListener('abort', abort)
        resolve()
      },
      reject(reason) {
        signal.removeEventListener('abort', abort)
        reject(reason)
      },
    }
    if (!barriers.add(waiter)) return reject(new DeviceError('unavailable', 'too many readers wait for the leader'))
    signal.addEventListener('abort', abort, { once: true })
    offer(loop, { type: 'wake' })
  })
}
