import { memberOf, zoneLabel } from '../objects/member.ts'
import type { Node } from '../objects/types.ts'
import type { HeardState } from './nodes.ts'
import type { Stored } from './objects.ts'
import type { VoterCandidate } from './voters.ts'

/** When each member that is not heard now was found missing first, on the monotonic clock. */
export type Absences = ReadonlyMap<string, number>

export interface Hearing {
  readonly heard: ReadonlyMap<string, HeardState>
  /** Whom the leader hears itself. */
  readonly active: ReadonlySet<string>
}

/** Away for so long, a voter may be replaced: longer than a restart of its host takes. */
const absentAfterMs = 60_000

/** Follows who is away since when, from one look to the next. */
export function absencesNow(
  before: Absences,
  nodes: readonly Stored<Node>[],
  hearing: Hearing,
  nowMs: number,
): Absences {
  const away = identitiesOf(nodes).filter((identity) => !isAlive(identity, hearing))
  return new Map(away.map((identity) => [identity, before.get(identity) ?? nowMs]))
}

export function candidatesOf(
  nodes: readonly Stored<Node>[],
  hearing: Hearing,
  absences: Absences,
  nowMs: number,
): readonly VoterCandidate[] {
  return nodes.flatMap(({ object }) => {
    const identity = memberOf(object)?.identity
    if (identity === undefined) return []
    const since = absences.get(identity)
    return {
      identity,
      zone: object.metadata.labels?.[zoneLabel] ?? '',
      alive: isAlive(identity, hearing),
      absent: since !== undefined && nowMs - since >= absentAfterMs,
    }
  })
}

/** Until when nothing can change by the passing of time alone; undefined: never. */
export function nextAbsenceMs(absences: Absences, nowMs: number): number | undefined {
  const waits = [...absences.values()].map((since) => since + absentAfterMs - nowMs).filter((wait) => wait > 0)
  return waits.length === 0 ? undefined : Math.min(...waits)
}

function identitiesOf(nodes: readonly Stored<Node>[]): readonly string[] {
  return nodes.flatMap(({ object }) => memberOf(object)?.identity ?? [])
}

function isAlive(identity: string, { heard, active }: Hearing): boolean {
  return active.has(identity) || heard.get(identity) === 'alive'
}
