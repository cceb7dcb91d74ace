import { must } from '../lib/assert.ts'
import { packetUpdatesMax } from './codec.ts'
import { type Identity, isGone, type Member, supersedes, type Update } from './member.ts'
import { pickMembers, type SwimState } from './state.ts'
import { suspicionBounds, suspicionEndMs } from './suspicion.ts'

/**
 * What is said of members, by whom, and what follows. Every member is judged by the highest incarnation heard of it and
 * the worst that was said at that one; only the member itself counts its incarnation up.
 */
export function hear(state: SwimState, update: Update, nowMs: number): void {
  if (update.identity === state.self) {
    hearOfSelf(state, update)
    return
  }
  const member = state.members.get(update.identity)
  if (member === undefined || !state.members.has(update.from)) return
  const again = update.state === 'suspect' && member.state === 'suspect' && update.incarnation === member.incarnation
  if (again) accuse(state, update)
  else if (supersedes(update, member)) change(state, member, update, nowMs)
}

/** Of its own knowledge, for a probe of it has failed. The first to suspect tells all at once. */
export function suspect(state: SwimState, identity: Identity, nowMs: number): void {
  const member = state.members.get(identity)
  if (member === undefined || isGone(member.state)) return
  const update: Update = { identity, state: 'suspect', incarnation: member.incarnation, from: state.self }
  hear(state, update, nowMs)
  if (member.state === 'alive') state.actions.push({ type: 'broadcast', updates: [update] })
}

/** Declares those dead whose time to refute is over. Only those who accused tell all: else everybody would, at once. */
export function expireSuspicions(state: SwimState, nowMs: number): void {
  for (const [identity, endMs] of suspicionEnds(state)) {
    if (nowMs < endMs) continue
    const member = must(state.members.get(identity), 'a suspect is a member')
    const accused = state.suspicions.get(identity)?.accusers.has(state.self) === true
    const update: Update = { identity, state: 'dead', incarnation: member.incarnation, from: state.self }
    change(state, member, update, nowMs)
    if (accused) state.actions.push({ type: 'broadcast', updates: [update] })
  }
}

export function suspicionEnds(state: SwimState): [Identity, number][] {
  if (state.suspicions.size === 0) return []
  const bounds = suspicionBounds(state.members.size, state.preset)
  let witnesses = 0
  for (const member of state.members.values()) {
    if (member.identity !== state.self && member.state === 'alive') witnesses++
  }
  return [...state.suspicions].map(([identity, suspicion]) => [
    identity,
    suspicionEndMs(suspicion, witnesses, bounds, state.preset),
  ])
}

/** News for a message to this member. If it is in doubt, it is told so first, that it may refute (Lifeguard IV-C). */
export function newsFor(state: SwimState, to: Identity): Update[] {
  const member = state.members.get(to)
  const inDoubt = member !== undefined && member.state !== 'alive'
  const news = state.broadcasts.take(packetUpdatesMax - (inDoubt ? 1 : 0), state.members.size)
  return inDoubt ? [updateOf(member, state.self), ...news] : news
}

/** Everything known, for a sync. */
export function allNews(state: SwimState): Update[] {
  return [...state.members.values()].map((member) => updateOf(member, state.self))
}

/**
 * What another knew. Whom it holds for dead is only suspected here, so that the member has a last chance to refute
 * (memberlist's rule).
 */
export function hearAll(state: SwimState, from: Identity, updates: readonly Update[], nowMs: number): void {
  for (const update of updates) {
    hear(state, update.state === 'dead' ? { ...update, state: 'suspect', from } : { ...update, from }, nowMs)
  }
}

function updateOf(member: Member, from: Identity): Update {
  return { identity: member.identity, state: member.state, incarnation: member.incarnation, from }
}

/** Another of its own knowledge: shortens the suspicion, and is passed on, while it still makes a difference. */
function accuse(state: SwimState, update: Update): void {
  const suspicion = must(state.suspicions.get(update.identity), 'a suspect has a suspicion')
  if (suspicion.accusers.has(update.from) || suspicion.accusers.size > state.preset.confirmations) return
  suspicion.accusers.add(update.from)
  state.broadcasts.add(update)
}

function change(state: SwimState, member: Member, update: Update, nowMs: number): void {
  const changed = update.state !== member.state
  const sinceMs = changed ? nowMs : member.sinceMs
  const next: Member = { ...member, state: update.state, incarnation: update.incarnation, sinceMs }
  state.members.set(member.identity, next)
  state.suspicions.delete(member.identity)
  state.broadcasts.add(update)
  if (update.state === 'suspect') {
    state.suspicions.set(member.identity, { startMs: nowMs, accusers: new Set([update.from]) })
    if (update.from !== state.self) secondOpinion(state, member.identity)
  }
  if (update.state === 'alive' && isGone(member.state)) syncSoon(state, member.identity, nowMs)
  if (changed) state.actions.push({ type: 'changed', member: next })
}

/** So many that two confirmations come of it but for one time in three hundred, whatever the size of the cluster. */
const opinionsWanted = 8

/** A few of those who hear of a suspicion probe the suspect at once: to confirm it sooner, or to let it refute. */
function secondOpinion(state: SwimState, identity: Identity): void {
  if (state.random.chance(opinionsWanted / state.members.size)) state.urgent.push(identity)
}

/** Whoever comes back may have lived among others for a while: both sides compare what they know. */
function syncSoon(state: SwimState, identity: Identity, nowMs: number): void {
  state.syncWith = identity
  state.nextSyncMs = Math.min(state.nextSyncMs, nowMs + state.random.next() * 2 * state.preset.probeIntervalMs)
}

/**
 * A former life of this daemon may have counted higher: then it goes on from there. What is worse than alive is
 * refuted, also when it is old: whoever still says so has missed the refutation.
 */
function hearOfSelf(state: SwimState, update: Update): void {
  const own = must(state.members.get(state.self), 'it is a member itself')
  if (state.leaving) return
  const worse = update.state !== 'alive'
  const incarnation = Math.max(own.incarnation, update.incarnation + (worse ? 1 : 0))
  if (incarnation > own.incarnation) state.members.set(state.self, { ...own, incarnation })
  if (!worse) return
  const refutation: Update = { identity: state.self, state: 'alive', incarnation, from: state.self }
  const fresh = incarnation > own.incarnation
  if (!fresh && state.broadcasts.has(state.self)) return
  state.broadcasts.add(refutation)
  if (!fresh) return
  if (update.state === 'suspect') state.health.worsen(1)
  state.actions.push({ type: 'broadcast', updates: [refutation] })
}

/** Sends news to a few, of its own accord. Suspects are told too: nobody needs to hear it more. */
export function gossip(state: SwimState, fanout: number): void {
  for (const { identity } of pickMembers(state, fanout, (member) => !isGone(member.state))) {
    const updates = newsFor(state, identity)
    if (updates.length > 0) state.actions.push({ type: 'send', to: identity, message: { type: 'gossip', updates } })
  }
}
