import type { Message } from './codec.ts'
import { type Identity, isGone } from './member.ts'
import { newsFor, suspect } from './rumours.ts'
import { type Probe, pickMembers, type SwimState } from './state.ts'

/** Both are far above what a period can bring; beyond, a probe is not begun and a relay refused. */
const probesMax = 64
const relaysMax = 256
/** Members that probe at once when their connection to a member broke; in a large cluster that is a few of them. */
const hintProbesWanted = 8
/** Part of the probe timeout after which a relayer says that it has no answer yet. */
const nackFraction = 0.8

/**
 * One probe a period (SWIM 4.3): each member once in a round, in an order shuffled anew, so that the wait for a probe
 * is bounded. Also one ping to a dead member, which costs nothing but lets two halves of a cluster find each other.
 */
export function probeNext(state: SwimState, nowMs: number): void {
  const target = nextTarget(state)
  if (target !== null) startProbe(state, target, nowMs)
  const [dead] = pickMembers(state, 1, (member) => member.state === 'dead')
  if (dead !== undefined) send(state, dead.identity, { type: 'ping', sequence: nextSequence(state), updates: [] })
}

export function probeUrgent(state: SwimState, nowMs: number): void {
  for (const identity of state.urgent.splice(0)) startProbe(state, identity, nowMs)
}

/** A connection broke: whoever is still there will answer. */
export function probeOnHint(state: SwimState, identity: Identity): void {
  if (state.members.get(identity)?.state !== 'alive') return
  if (state.random.chance(hintProbesWanted / state.members.size)) state.urgent.push(identity)
}

export function continueProbes(state: SwimState, nowMs: number): void {
  for (const [sequence, probe] of state.probes) {
    if (probe.relayers === null && nowMs >= probe.indirectAtMs) askRelayers(state, sequence, probe)
    if (nowMs < probe.endMs) continue
    state.probes.delete(sequence)
    fail(state, probe, nowMs)
  }
  for (const [sequence, relay] of state.relays) {
    if (relay.nackAtMs !== null && nowMs >= relay.nackAtMs) {
      relay.nackAtMs = null
      send(state, relay.asker, { type: 'nack', sequence: relay.askerSequence, updates: [] })
    }
    if (nowMs >= relay.endMs) state.relays.delete(sequence)
  }
}

/** Only the target itself, or a relayer that was asked, can answer a probe. */
export function acknowledge(state: SwimState, from: Identity, sequence: number): void {
  const probe = state.probes.get(sequence)
  if (probe !== undefined && (probe.target === from || probe.relayers?.includes(from) === true)) {
    state.probes.delete(sequence)
    state.awaited.delete(probe.target)
    state.health.improve()
  }
  const relay = state.relays.get(sequence)
  if (relay === undefined || relay.target !== from) return
  state.relays.delete(sequence)
  send(state, relay.asker, { type: 'ack', sequence: relay.askerSequence, updates: [] })
}

export function refuse(state: SwimState, from: Identity, sequence: number): void {
  const probe = state.probes.get(sequence)
  if (probe?.relayers?.includes(from) === true) probe.nacks.add(from)
}

/** Probes in another's place. */
export function probeFor(state: SwimState, asker: Identity, sequence: number, target: Identity, nowMs: number): void {
  if (target === state.self) {
    send(state, asker, { type: 'ack', sequence, updates: [] })
    return
  }
  if (!state.members.has(target) || state.relays.size >= relaysMax) return
  const own = nextSequence(state)
  state.relays.set(own, {
    asker,
    askerSequence: sequence,
    target,
    nackAtMs: nowMs + nackFraction * state.preset.probeTimeoutMs,
    endMs: nowMs + state.preset.probeIntervalMs,
  })
  send(state, target, { type: 'ping', sequence: own, updates: [] })
}

/** Sends with what news there is for this member. */
export function send(state: SwimState, to: Identity, message: Exclude<Message, { type: 'sync' | 'gossip' }>): void {
  state.actions.push({ type: 'send', to, message: { ...message, updates: newsFor(state, to) } })
}

function nextTarget(state: SwimState): Identity | null {
  for (let lap = 0; lap < 2; lap++) {
    while (state.round.length > 0) {
      const identity = state.round.pop()
      const member = identity === undefined ? undefined : state.members.get(identity)
      if (member !== undefined && member.identity !== state.self && !isGone(member.state)) return member.identity
    }
    state.round = state.random.shuffle([...state.members.keys()])
  }
  return null
}

function startProbe(state: SwimState, target: Identity, nowMs: number): void {
  const member = state.members.get(target)
  if (state.probes.size >= probesMax || member === undefined || isGone(member.state)) return
  for (const probe of state.probes.values()) if (probe.target === target) return
  const { multiplier } = state.health
  const sequence = nextSequence(state)
  state.probes.set(sequence, {
    target,
    indirectAtMs: nowMs + multiplier * state.preset.probeTimeoutMs,
    endMs: nowMs + multiplier * state.preset.probeIntervalMs,
    relayers: null,
    nacks: new Set(),
  })
  send(state, target, { type: 'ping', sequence, updates: [] })
}

function askRelayers(state: SwimState, sequence: number, probe: Probe): void {
  const { target } = probe
  const able = pickMembers(
    state,
    state.preset.indirectProbes,
    (member) => member.state === 'alive' && member.identity !== target,
  )
  probe.relayers = able.map((member) => member.identity)
  for (const relayer of probe.relayers) send(state, relayer, { type: 'probe', sequence, target, updates: [] })
}

/**
 * If any relayer refused in time, this daemon listens well enough: then it is the target, and perhaps the relayers that
 * were silent, who are probed next. If all were silent, or there was none to ask, it speaks against this daemon itself
 * (Lifeguard counts each silent one; but when half of a cluster goes, that slows down those who should find out).
 */
function fail(state: SwimState, probe: Probe, nowMs: number): void {
  const silent = (probe.relayers ?? []).filter((relayer) => !probe.nacks.has(relayer))
  if (probe.nacks.size > 0) state.round.push(...silent)
  else state.health.worsen(Math.max(1, silent.length))
  const starting = nowMs < (state.awaited.get(probe.target) ?? 0)
  if (starting && state.members.get(probe.target)?.state === 'alive') return
  suspect(state, probe.target, nowMs)
}

function nextSequence(state: SwimState): number {
  state.sequence = (state.sequence + 1) >>> 0
  return state.sequence
}
