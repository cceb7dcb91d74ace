import { unreachable } from '../lib/assert.ts'
import { newInbox } from '../lib/inbox.ts'
import type { Random } from '../lib/random.ts'
import { type After, childSignal, untilAborted } from '../lib/wait.ts'
import { decode, encode, MessageError } from './codec.ts'
import type { Identity, Member } from './member.ts'
import type { Preset } from './preset.ts'
import type { Action } from './state.ts'
import { newSwim, type RosterEntry } from './swim.ts'

/** A member of the store: who, and where. */
export interface GossipMember extends RosterEntry {
  /** `host:port` each. */
  readonly addresses: readonly string[]
}

/** What gossip needs of the network; `Network` of the host has it. */
export interface GossipNetwork {
  learn(peer: Identity, addresses: readonly string[]): void
  send(peer: Identity, lane: 'swim', packet: Uint8Array): boolean
  receive(lane: 'swim', receiver: (from: Identity, packet: Uint8Array) => void): void
  broadcast(payload: Uint8Array): void
  hear(receiver: (from: Identity, payload: Uint8Array) => void): void
  ask(peer: Identity, protocol: string, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  answer(protocol: string, answerer: (from: Identity, question: Uint8Array) => Promise<Uint8Array>): void
  lost(listener: (peer: Identity) => void): void
}

export interface GossipLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
}

export interface GossipNeeds {
  readonly self: GossipMember
  readonly network: GossipNetwork
  readonly clock: { monotonicMs(): number; readonly after: After }
  readonly random: Random
  readonly log: GossipLog
  readonly preset: Preset
}

/** Who is alive, as far as gossip can tell: hints for other rooms. */
export interface HeardView {
  /** By identity, this daemon included. */
  members(): readonly Member[]
  /** Calls back when a member is new, or its state another; the returned function ends it. */
  subscribe(listener: (changed: Member) => void): () => void
}

export interface Gossip {
  readonly heard: HeardView
  /** 1: well; up to 9: this daemon itself seems to be in trouble. */
  readonly healthMultiplier: number
  /** What `driveGossip` calls. */
  run(members: () => readonly GossipMember[], signal: AbortSignal): Promise<void>
}

const syncProtocol = 'swim-sync'
const syncTimeoutMs = 5_000
/** How soon a change of the store's members is noticed. */
const rosterIntervalMs = 500

/** Probes and gossips until the signal aborts; then says farewell. `members`: whom the store admits, and where they are. */
export function driveGossip(
  gossip: Gossip,
  { members }: { readonly members: () => readonly GossipMember[] },
  signal: AbortSignal,
): Promise<void> {
  return gossip.run(members, signal)
}

/** Nobody is known and nothing is sent before it is driven; afterwards what still arrives is ignored. */
export function newGossip({ self, network, clock, random, log, preset }: GossipNeeds): Gossip {
  const swim = newSwim({
    self: { identity: self.identity, name: self.name },
    preset,
    random,
    nowMs: clock.monotonicMs(),
  })
  const listeners = new Set<(changed: Member) => void>()
  const alarms = newInbox<'wake'>(1)
  const syncs = newInbox<Identity>(1)
  const learnt = new Map<Identity, string>()
  let running = false
  let sleepingUntilMs = Number.NEGATIVE_INFINITY
  let cached: readonly Member[] | null = null

  function perform(actions: readonly Action[]): void {
    cached = null
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          network.send(action.to, 'swim', encode(action.message))
          break
        case 'broadcast':
          network.broadcast(encode({ type: 'gossip', updates: action.updates }))
          break
        case 'sync':
          syncs.offer(action.with)
          break
        case 'changed':
          changed(action.member)
          break
        case 'removed':
          log.info('member removed', { peer: action.identity })
          break
        default:
          unreachable(action)
      }
    }
    if (swim.wakeAtMs < sleepingUntilMs) alarms.offer('wake')
  }

  function changed(member: Member): void {
    log.info(`member ${member.state}`, { peer: member.identity, name: member.name, incarnation: member.incarnation })
    for (const listener of [...listeners]) listener(member)
  }

  /** On the spot, not behind a queue: an answer that waits looks like a death. */
  function receive(from: Identity, bytes: Uint8Array): void {
    if (!running) return
    try {
      perform(swim.receive(from, decode(bytes), clock.monotonicMs()))
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      log.debug('gossip refused', { peer: from, error: error.message })
    }
  }

  async function probe(members: () => readonly GossipMember[], signal: AbortSignal): Promise<void> {
    let rosterMs = Number.NEGATIVE_INFINITY
    while (true) {
      const nowMs = clock.monotonicMs()
      if (nowMs >= rosterMs) {
        rosterMs = nowMs + rosterIntervalMs
        readRoster(members(), nowMs)
      }
      perform(swim.tick(nowMs))
      sleepingUntilMs = Math.min(swim.wakeAtMs, rosterMs)
      const cancel = clock.after(Math.max(1, sleepingUntilMs - nowMs), () => void alarms.offer('wake'))
      try {
        await alarms.takeAll(signal)
      } finally {
        cancel()
        sleepingUntilMs = Number.NEGATIVE_INFINITY
      }
    }
  }

  function readRoster(members: readonly GossipMember[], nowMs: number): void {
    for (const { identity, addresses } of members) {
      const joined = addresses.join()
      if (identity === self.identity || learnt.get(identity) === joined) continue
      learnt.set(identity, joined)
      network.learn(identity, addresses)
    }
    if (learnt.size > members.length) {
      const named = new Set(members.map((member) => member.identity))
      for (const identity of [...learnt.keys()]) if (!named.has(identity)) learnt.delete(identity)
    }
    perform(swim.roster(members, nowMs))
  }

  /** Anti-entropy: what packets and broadcasts have lost. One at a time; a failure is the next one's business. */
  async function sync(signal: AbortSignal): Promise<void> {
    while (true) {
      for (const partner of await syncs.takeAll(signal)) {
        const asking = childSignal(signal)
        const cancel = clock.after(syncTimeoutMs, () => asking.abort(new Error('no answer in time')))
        try {
          receive(partner, await network.ask(partner, syncProtocol, encode(swim.news()), asking.signal))
        } catch (error) {
          signal.throwIfAborted()
          log.debug('gossip not synced', { peer: partner, error: String(error) })
        } finally {
          cancel()
          asking.release()
        }
      }
    }
  }

  network.receive('swim', receive)
  network.hear(receive)
  network.lost((peer) => {
    if (running) perform(swim.hintLost(peer, clock.monotonicMs()))
  })
  network.answer(syncProtocol, async (from, question) => {
    receive(from, question)
    return encode(swim.news())
  })

  return {
    get healthMultiplier() {
      return swim.healthMultiplier
    },
    heard: {
      members() {
        cached ??= swim.members()
        return cached
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    async run(members, signal) {
      running = true
      try {
        await untilAborted(signal, { probe: (until) => probe(members, until), sync })
      } finally {
        running = false
        perform(swim.leave(clock.monotonicMs()))
      }
    },
  }
}
