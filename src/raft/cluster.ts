import type { DiskWrite } from '../host/host.ts'
import { assert, must } from '../lib/assert.ts'
import { hex, sha256 } from '../lib/hash.ts'
import { newRandom } from '../lib/random.ts'
import { decodeHardState, decodeMark, decodeMessage, encodeMessage } from './codec.ts'
import type { Entry } from './entry.ts'
import { emptyMark } from './log.ts'
import type { AppliedMark, StateImage } from './machine.ts'
import type { Message } from './message.ts'
import { type RaftOptions, raftDefaults } from './options.ts'
import { newRaft, type Raft, type Ready } from './raft.ts'
import type { ReadState } from './reads.ts'
import { entryKeys, installedBatch, installingBatch, keys, newLogBatch, newLogDisk, newLogReader } from './storage.ts'
import type { Configuration, PeerId } from './types.ts'

/**
 * A cluster of cores in memory, for tests and scripts: packets and disks are plain values, and whoever holds the
 * cluster decides what is delivered, lost or crashed, and when. It checks, whatever happens (thesis 3.2): at most
 * one leader a term; everyone applies the same entry at an index; equal states at equal index; a read sees all that
 * was applied anywhere when it was asked.
 */
export interface Cluster {
  readonly peers: ReadonlyMap<PeerId, ClusterPeer>
  /** Packets on their way, oldest first. */
  wire: Packet[]
  /** Starts a peer on its disk, or on a new one. */
  start(id: PeerId, founding: Configuration | null): void
  /** Stops it at once: what was not written is gone. */
  crash(id: PeerId): void
  /** Lets a running peer do something, then all that follows from it. */
  act(id: PeerId, action: (raft: Raft, nowMs: number) => void): void
  deliver(packet: Packet): void
  /** Asks for a read at a peer. False when there is nobody to ask. */
  read(id: PeerId): boolean
  /** Reads answered so far. */
  readonly readsAnswered: number
  /** The highest index that was ever applied anywhere. */
  readonly appliedMax: number
  nowMs: number
}

export interface Packet {
  readonly from: PeerId
  readonly to: PeerId
  readonly bytes: Uint8Array
  readonly message: Message
}

export interface ClusterPeer {
  readonly id: PeerId
  readonly disk: Map<string, Uint8Array>
  /** The state as it survives. */
  durable: MachineState
  /** Null while it is down. */
  raft: Raft | null
  machine: MachineState
  /** Brings the state to disk. */
  flush(): void
}

export interface MachineState {
  readonly mark: AppliedMark
  /** The data applied, in order. */
  readonly values: readonly string[]
}

export interface ClusterHooks {
  readonly trace?: (peer: PeerId, ready: Ready) => void
  readonly answered?: (peer: PeerId, read: ReadState) => void
  /** Where in a Ready the peer is to die, if at all. */
  readonly crashAt?: (ready: Ready) => 'before write' | 'in install' | 'after write' | null
}

export function newCluster(seed: number, overrides: Partial<RaftOptions>, hooks: ClusterHooks = {}): Cluster {
  const random = newRandom(seed)
  const options: RaftOptions = { ...raftDefaults, ...overrides }
  const peers = new Map<PeerId, ClusterPeer>()
  const checks = newChecks()
  const running = new Map<PeerId, (ready: Ready) => boolean>()

  function turn(peer: ClusterPeer): void {
    const write = must(running.get(peer.id), 'a running peer has a disk')
    for (let ready = peer.raft?.ready(); ready; ready = peer.raft?.ready()) {
      const raft = must(peer.raft, 'a Ready comes from a running peer')
      checks.leader(raft)
      hooks.trace?.(peer.id, ready)
      const crashAt = hooks.crashAt?.(ready) ?? null
      if (!ready.urgent) post(peer.id, ready.early)
      if (crashAt === 'before write') {
        cluster.crash(peer.id)
        return
      }
      if (crashAt === 'in install' && ready.snapshot !== null) {
        apply(peer.disk, installingBatch(ready.snapshot.mark))
        peer.durable = install(ready.snapshot)
        cluster.crash(peer.id)
        return
      }
      write(ready)
      if (ready.urgent) post(peer.id, ready.early)
      post(peer.id, ready.late)
      if (crashAt === 'after write') {
        cluster.crash(peer.id)
        return
      }
      applyCommitted(peer, ready, checks)
      for (const read of ready.reads) if (checks.read(read)) hooks.answered?.(peer.id, read)
      raft.advance(ready)
    }
  }

  function post(from: PeerId, envelopes: Ready['early']): void {
    for (const { to, message } of envelopes) cluster.wire.push({ from, to, message, bytes: encodeMessage(message) })
  }

  const cluster: Cluster = {
    peers,
    wire: [],
    nowMs: 0,
    get readsAnswered() {
      return checks.readsAnswered
    },
    get appliedMax() {
      return checks.appliedMax
    },
    start(id, founding) {
      const peer = peers.get(id) ?? newPeer(id)
      peers.set(id, peer)
      assert(peer.raft === null, 'a peer is started once')
      const { raft, disk } = openPeer(peer, founding, options, random.fork())
      peer.raft = raft
      running.set(id, (ready) => {
        if (ready.snapshot !== null) {
          apply(peer.disk, installingBatch(ready.snapshot.mark))
          peer.machine = install(ready.snapshot)
          peer.durable = peer.machine
        }
        const batch = disk.batchOf(ready)
        apply(peer.disk, batch)
        const limit = Math.min(peer.durable.mark.index, raft.compactable()) - options.logEntriesKept
        if (ready.snapshot !== null || batch.length > 0 || limit <= raft.log.mark.index) return true
        apply(peer.disk, disk.compactBatch(raft.log.markAt(limit)))
        raft.compact(limit)
        return true
      })
      turn(peer)
    },
    crash(id) {
      const peer = must(peers.get(id), 'a known peer')
      peer.raft = null
      running.delete(id)
    },
    act(id, action) {
      const peer = must(peers.get(id), 'a known peer')
      if (peer.raft === null) return
      action(peer.raft, cluster.nowMs)
      turn(peer)
    },
    deliver(packet) {
      const message = decodeMessage(packet.bytes)
      if (peers.has(packet.to)) cluster.act(packet.to, (raft, nowMs) => raft.step(packet.from, message, nowMs))
    },
    read(id) {
      let asked = false
      cluster.act(id, (raft) => {
        asked = raft.readIndex(checks.ask(id))
      })
      return asked
    },
  }
  return cluster
}

function newPeer(id: PeerId): ClusterPeer {
  const nothing: MachineState = { mark: { index: 0, term: 0, configuration: emptyMark.configuration }, values: [] }
  return {
    id,
    disk: new Map(),
    durable: nothing,
    raft: null,
    machine: nothing,
    flush() {
      this.durable = this.machine
    },
  }
}

/** As the driver does it, on a disk that is a map. */
function openPeer(
  peer: ClusterPeer,
  founding: Configuration | null,
  options: RaftOptions,
  random: ReturnType<typeof newRandom>,
) {
  const { disk } = peer
  if (disk.size === 0) apply(disk, newLogBatch(founding))
  const installing = disk.get(keys.installing)
  if (installing !== undefined) {
    const mark = decodeMark(keys.installing, installing)
    const entries = [...disk.keys()].filter((key) => key >= entryKeys.first && key < entryKeys.end)
    const cut = peer.durable.mark.index === mark.index
    const deletes = entries.map((key): DiskWrite => ({ type: 'delete', key }))
    apply(disk, cut ? [...installedBatch(mark), ...deletes] : [{ type: 'delete', key: keys.installing }])
  }
  const hardState = decodeHardState(keys.state, must(disk.get(keys.state), 'a state'))
  const reader = newLogReader(decodeMark(keys.mark, must(disk.get(keys.mark), 'a mark')))
  for (const key of [...disk.keys()].sort()) {
    if (key >= entryKeys.first && key < entryKeys.end) reader.take(key, must(disk.get(key), 'an entry'))
  }
  peer.machine = peer.durable
  const log = reader.finish(hardState, peer.durable.mark)
  const image = () => imageOf(peer.machine, options.snapshotSliceBytes)
  const raft = newRaft({ self: peer.id, options, random, hardState, log, image })
  return { raft, disk: newLogDisk(log.mark.index + 1, log.lastIndex) }
}

function apply(disk: Map<string, Uint8Array>, batch: readonly DiskWrite[]): void {
  for (const write of batch) {
    if (write.type === 'put') disk.set(write.key, new Uint8Array(write.value))
    else disk.delete(write.key)
  }
}

function applyCommitted(peer: ClusterPeer, ready: Ready, checks: Checks): void {
  if (ready.committed === null) return
  const { entries, mark } = ready.committed
  assert(entries[0]?.index === peer.machine.mark.index + 1, 'each entry is applied once, in order')
  for (const entry of entries) checks.applied(entry)
  const values = entries.filter((entry) => entry.type === 'data').map((entry) => new TextDecoder().decode(entry.data))
  peer.machine = { mark, values: [...peer.machine.values, ...values] }
  checks.state(peer.machine)
}

function imageOf(machine: MachineState, sliceBytes: number): StateImage {
  const bytes = new TextEncoder().encode(JSON.stringify(machine.values))
  let at = 0
  return {
    mark: machine.mark,
    next() {
      if (at >= bytes.length) return null
      at += sliceBytes
      return bytes.slice(at - sliceBytes, at)
    },
  }
}

function install(snapshot: NonNullable<Ready['snapshot']>): MachineState {
  const { mark, slices } = snapshot
  const text = slices.map((slice) => new TextDecoder().decode(slice)).join('')
  return { mark: { index: mark.index, term: mark.term, configuration: mark.configuration }, values: JSON.parse(text) }
}

// ---- What must hold ------------------------------------------------------------------------------------------------

type Checks = ReturnType<typeof newChecks>

function newChecks() {
  const leaders = new Map<number, PeerId>()
  const entries = new Map<number, string>()
  const states = new Map<number, string>()
  const reads = new Map<string, number>()
  let asked = 0
  const checks = {
    appliedMax: 0,
    readsAnswered: 0,
    leader(raft: Raft): void {
      const { role, term, self } = raft.status()
      if (role !== 'leader') return
      assert(
        (leaders.get(term) ?? self) === self,
        `one leader a term: ${leaders.get(term)} and ${self} lead in ${term}`,
      )
      leaders.set(term, self)
    },
    applied(entry: Entry): void {
      const known = entries.get(entry.index) ?? entry.hash
      assert(known === entry.hash, `everyone applies the same: entry ${entry.index} differs`)
      entries.set(entry.index, entry.hash)
      checks.appliedMax = Math.max(checks.appliedMax, entry.index)
    },
    state(machine: MachineState): void {
      const hash = hex(sha256(JSON.stringify([machine.values, machine.mark])))
      const known = states.get(machine.mark.index) ?? hash
      assert(known === hash, `equal states at equal index: they differ at ${machine.mark.index}`)
      states.set(machine.mark.index, hash)
    },
    /** A token for a read that must see everything applied by now. */
    ask(id: PeerId): string {
      asked += 1
      const token = `${id}${asked}`
      reads.set(token, checks.appliedMax)
      return token
    },
    /** False for answers that come again. */
    read({ token, index }: ReadState): boolean {
      const needed = reads.get(token)
      if (needed === undefined) return false
      assert(index >= needed, `reads are linearizable: ${token} may read at ${index}, ${needed} was applied`)
      reads.delete(token)
      checks.readsAnswered += 1
      return true
    },
  }
  return checks
}
