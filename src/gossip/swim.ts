import { must, unreachable } from '../lib/assert.ts'
import type { Random } from '../lib/random.ts'
import { newBroadcasts } from './broadcasts.ts'
import type { Message } from './codec.ts'
import { newHealth } from './health.ts'
import type { Identity, Member, Update } from './member.ts'
import type { Preset } from './preset.ts'
import { acknowledge, continueProbes, probeFor, probeNext, probeOnHint, probeUrgent, refuse, send } from './probes.ts'
import { allNews, expireSuspicions, gossip, hear, hearAll, suspicionEnds } from './rumours.ts'
import { type Action, pickMembers, type SwimState } from './state.ts'

/** Who may be a member: from the store. */
export interface RosterEntry {
  readonly identity: Identity
  readonly name: string
}

/**
 * Who is alive, by gossip: SWIM (Das, Gupta, Motivala 2002) with Lifeguard's refinements (Dadgar, Phillips, Currey 2017).
 * Decides what to send and whom to believe; time is an argument, in monotonic milliseconds. Whom the roster does not name
 * does not exist here: what is said of it, or by it, is ignored, so that stale gossip revives nobody who was removed.
 *
 * Every call returns what the driver is to do, in order; after it `wakeAtMs` says when `tick` wants to be called.
 */
export interface Swim {
  roster(entries: readonly RosterEntry[], nowMs: number): readonly Action[]
  tick(nowMs: number): readonly Action[]
  receive(from: Identity, message: Message, nowMs: number): readonly Action[]
  /** A connection to this member was lost. */
  hintLost(identity: Identity, nowMs: number): readonly Action[]
  /** Says farewell. From then on the member is silent. */
  leave(nowMs: number): readonly Action[]
  /** Everything known: what a sync carries. */
  news(): Message
  /** By identity, itself included. */
  members(): readonly Member[]
  readonly wakeAtMs: number
  /** 1: well; more: this daemon itself seems to be in trouble. */
  readonly healthMultiplier: number
}

/** Members that hear a farewell directly; the network's broadcast and gossip tell the others. */
const farewellsMax = 16

export function newSwim(options: { self: RosterEntry; preset: Preset; random: Random; nowMs: number }): Swim {
  const state = newState(options)

  /** Hands the actions over, and sets the alarm. */
  function done(nowMs: number): readonly Action[] {
    probeUrgent(state, nowMs)
    // News that has just come is due now; it was not due before, which would look like a stall.
    if (state.broadcasts.size > 0) state.nextGossipMs = Math.max(state.nextGossipMs, nowMs)
    state.wakeAtMs = nextDueMs(state)
    const { actions } = state
    state.actions = []
    return actions
  }

  return {
    get wakeAtMs() {
      return state.wakeAtMs
    },
    get healthMultiplier() {
      return state.health.multiplier
    },
    roster(entries, nowMs) {
      applyRoster(state, entries, nowMs)
      return done(nowMs)
    },
    tick(nowMs) {
      if (state.leaving) return []
      forgiveStall(state, nowMs)
      continueProbes(state, nowMs)
      expireSuspicions(state, nowMs)
      beginDue(state, nowMs)
      return done(nowMs)
    },
    receive(from, message, nowMs) {
      if (state.leaving || from === state.self || !state.members.has(from)) return []
      receive(state, from, message, nowMs)
      return done(nowMs)
    },
    hintLost(identity, nowMs) {
      if (!state.leaving) probeOnHint(state, identity)
      return done(nowMs)
    },
    leave(nowMs) {
      const own = must(state.members.get(state.self), 'it is a member itself')
      const gone: Member = { ...own, state: 'left', sinceMs: nowMs }
      const update: Update = { identity: state.self, state: 'left', incarnation: own.incarnation, from: state.self }
      state.leaving = true
      state.members.set(state.self, gone)
      state.broadcasts.add(update)
      state.actions.push({ type: 'broadcast', updates: [update] })
      gossip(state, farewellsMax)
      return done(nowMs)
    },
    news: () => ({ type: 'sync', updates: allNews(state) }),
    members: () => [...state.members.values()].sort((a, b) => (a.identity < b.identity ? -1 : 1)),
  }
}

function newState(options: { self: RosterEntry; preset: Preset; random: Random; nowMs: number }): SwimState {
  const { self, preset, random, nowMs } = options
  return {
    self: self.identity,
    preset,
    random,
    health: newHealth(),
    broadcasts: newBroadcasts(preset.retransmitFactor),
    members: new Map([[self.identity, { ...self, state: 'alive', incarnation: 0, sinceMs: nowMs }]]),
    suspicions: new Map(),
    awaited: new Map(),
    probes: new Map(),
    relays: new Map(),
    round: [],
    urgent: [],
    sequence: random.below(0x1_0000_0000),
    // Spread over a period, so that daemons started together do not probe together.
    nextProbeMs: nowMs + random.next() * preset.probeIntervalMs,
    nextGossipMs: nowMs,
    // What is known elsewhere is asked for soon: who is dead, and what was said of a former life of this daemon.
    nextSyncMs: nowMs + preset.probeIntervalMs,
    syncWith: null,
    wakeAtMs: nowMs,
    leaving: false,
    actions: [],
  }
}

function receive(state: SwimState, from: Identity, message: Message, nowMs: number): void {
  if (message.type !== 'sync') for (const update of message.updates) hear(state, update, nowMs)
  switch (message.type) {
    case 'ping':
      send(state, from, { type: 'ack', sequence: message.sequence, updates: [] })
      break
    case 'ack':
      acknowledge(state, from, message.sequence)
      break
    case 'nack':
      refuse(state, from, message.sequence)
      break
    case 'probe':
      probeFor(state, from, message.sequence, message.target, nowMs)
      break
    case 'gossip':
      break
    case 'sync':
      hearAll(state, from, message.updates, nowMs)
      break
    default:
      unreachable(message)
  }
}

/** A new member is taken to be alive until a probe says otherwise; one that is no longer named is forgotten. */
function applyRoster(state: SwimState, entries: readonly RosterEntry[], nowMs: number): void {
  const named = new Set(entries.map((entry) => entry.identity))
  for (const identity of [...state.members.keys()]) {
    if (named.has(identity) || identity === state.self) continue
    state.members.delete(identity)
    state.suspicions.delete(identity)
    state.awaited.delete(identity)
    state.broadcasts.remove(identity)
    for (const [sequence, probe] of state.probes) if (probe.target === identity) state.probes.delete(sequence)
    state.actions.push({ type: 'removed', identity })
  }
  for (const { identity, name } of entries) {
    const known = state.members.get(identity)
    if (known !== undefined) {
      if (known.name !== name) state.members.set(identity, { ...known, name })
      continue
    }
    const member: Member = { identity, name, state: 'alive', incarnation: 0, sinceMs: nowMs }
    state.members.set(identity, member)
    state.awaited.set(identity, nowMs + state.preset.joinGraceMs)
    // At a random place of the round (SWIM 4.3).
    state.round.splice(state.random.below(state.round.length + 1), 0, identity)
    state.actions.push({ type: 'changed', member })
  }
}

/**
 * Who wakes late has not listened meanwhile: answers and refutations may lie unread. All that was waited for gets the
 * lost time back, and this daemon thinks the worse of itself.
 */
function forgiveStall(state: SwimState, nowMs: number): void {
  const lateMs = nowMs - state.wakeAtMs
  if (lateMs <= state.preset.stallMs) return
  state.health.worsen(1 + Math.floor(lateMs / state.preset.probeIntervalMs))
  for (const probe of state.probes.values()) {
    probe.indirectAtMs += lateMs
    probe.endMs += lateMs
  }
  for (const relay of state.relays.values()) relay.endMs += lateMs
  for (const suspicion of state.suspicions.values()) suspicion.startMs += lateMs
}

function beginDue(state: SwimState, nowMs: number): void {
  const { preset } = state
  if (nowMs >= state.nextProbeMs) {
    state.nextProbeMs = nowMs + state.health.multiplier * preset.probeIntervalMs
    probeNext(state, nowMs)
  }
  if (state.broadcasts.size > 0 && nowMs >= state.nextGossipMs) {
    state.nextGossipMs = nowMs + preset.gossipIntervalMs
    gossip(state, preset.gossipFanout)
  }
  if (nowMs >= state.nextSyncMs) {
    state.nextSyncMs = nowMs + (0.75 + 0.5 * state.random.next()) * preset.syncIntervalMs
    const [anyone] = pickMembers(state, 1, (member) => member.state === 'alive')
    const partner = state.syncWith ?? anyone?.identity
    state.syncWith = null
    if (partner !== undefined && state.members.has(partner)) state.actions.push({ type: 'sync', with: partner })
  }
}

/** The earliest of all that is waited for. */
function nextDueMs(state: SwimState): number {
  let dueMs = Math.min(state.nextProbeMs, state.nextSyncMs)
  if (state.broadcasts.size > 0) dueMs = Math.min(dueMs, state.nextGossipMs)
  for (const probe of state.probes.values()) {
    dueMs = Math.min(dueMs, probe.relayers === null ? probe.indirectAtMs : probe.endMs)
  }
  for (const relay of state.relays.values()) dueMs = Math.min(dueMs, relay.nackAtMs ?? relay.endMs)
  for (const [, endMs] of suspicionEnds(state)) dueMs = Math.min(dueMs, endMs)
  return dueMs
}
