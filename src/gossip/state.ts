import type { Random } from '../lib/random.ts'
import type { Broadcasts } from './broadcasts.ts'
import type { Message } from './codec.ts'
import type { Health } from './health.ts'
import type { Identity, Member, Update } from './member.ts'
import type { Preset } from './preset.ts'

/** What the driver is to do. */
export type Action =
  | { readonly type: 'send'; readonly to: Identity; readonly message: Message }
  /** To all, by the network's own broadcast. */
  | { readonly type: 'broadcast'; readonly updates: readonly Update[] }
  /** Exchange all that both know. */
  | { readonly type: 'sync'; readonly with: Identity }
  /** A member's state is another than before, or it is new. */
  | { readonly type: 'changed'; readonly member: Member }
  | { readonly type: 'removed'; readonly identity: Identity }

/** A probe under way, by its sequence number. */
export interface Probe {
  readonly target: Identity
  /** When relayers are asked. */
  indirectAtMs: number
  /** When it has failed. */
  endMs: number
  /** Null before they are asked. */
  relayers: readonly Identity[] | null
  /** Relayers that could not reach the target either, and said so. */
  readonly nacks: Set<Identity>
}

/** A probe in another's place, by the sequence number of our own ping. */
export interface Relay {
  readonly asker: Identity
  readonly askerSequence: number
  readonly target: Identity
  /** Null once the refusal is sent; an answer may still come. */
  nackAtMs: number | null
  endMs: number
}

export interface MutableSuspicion {
  startMs: number
  readonly accusers: Set<Identity>
}

/** All that a member knows and waits for. Lives inside `newSwim`; the files beside it work on it. */
export interface SwimState {
  readonly self: Identity
  readonly preset: Preset
  readonly random: Random
  readonly health: Health
  readonly broadcasts: Broadcasts
  /** Itself included. */
  readonly members: Map<Identity, Member>
  /** One for each suspect. */
  readonly suspicions: Map<Identity, MutableSuspicion>
  /** Members that have answered no probe yet, and until when that is no reason to suspect them. */
  readonly awaited: Map<Identity, number>
  readonly probes: Map<number, Probe>
  readonly relays: Map<number, Relay>
  /** Who is still to be probed in this round, the next one last. */
  round: Identity[]
  /** Who is to be probed before this call ends. */
  urgent: Identity[]
  sequence: number
  nextProbeMs: number
  nextGossipMs: number
  nextSyncMs: number
  /** Whom to sync with next; null: anyone. */
  syncWith: Identity | null
  /** When something falls due. */
  wakeAtMs: number
  leaving: boolean
  actions: Action[]
}

/** Up to `count` members, each at most once, that satisfy the condition; itself never. */
export function pickMembers(state: SwimState, count: number, wanted: (member: Member) => boolean): Member[] {
  const candidates = [...state.members.values()].filter((member) => member.identity !== state.self && wanted(member))
  if (candidates.length <= count) return candidates
  for (let i = 0; i < count; i++) {
    const j = i + state.random.below(candidates.length - i)
    const [a, b] = [candidates[i], candidates[j]]
    if (a !== undefined && b !== undefined) [candidates[i], candidates[j]] = [b, a]
  }
  return candidates.slice(0, count)
}
