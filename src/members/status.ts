import type { ClusterMember, ClusterStatus } from '../objects/clusterstatus.ts'
import { conditionOf } from '../objects/conditions.ts'
import type { Members } from './members.ts'

/** What the status is put together from: this node's own words of Raft and gossip. */
export interface StatusSources {
  readonly node: string
  readonly clusterId: string
  readonly version: string
  readonly raft: {
    readonly role: ClusterStatus['raft']['role']
    readonly term: number
    readonly leader: string | null
    readonly commitIndex: number
    readonly appliedIndex: number
    readonly configuration: {
      readonly voters: readonly string[]
      readonly votersOutgoing: readonly string[]
      readonly learners: readonly string[]
    }
    readonly active: readonly string[]
  }
  readonly members: Pick<Members, 'list' | 'node'>
  readonly heard: readonly { readonly identity: string; readonly state: ClusterMember['state'] }[]
}

/** What this node knows about its cluster. Needs nobody's answer. */
export function clusterStatusOf({ node, clusterId, version, raft, members, heard }: StatusSources): ClusterStatus {
  const { voters, votersOutgoing, learners } = raft.configuration
  const states = new Map(heard.map(({ identity, state }) => [identity, state]))
  const own = members.node(node)
  const alive = (identity: string): boolean => states.get(identity) === 'alive'
  return {
    node,
    clusterId,
    version,
    raft: {
      role: raft.role,
      term: raft.term,
      leader: raft.leader,
      commitIndex: raft.commitIndex,
      appliedIndex: raft.appliedIndex,
      voters,
      votersOutgoing,
      learners,
      active: raft.active,
    },
    members: members.list().map(
      ({ identity, name, apiAddress, gossipAddresses }): ClusterMember => ({
        identity,
        name,
        state: states.get(identity) ?? 'unknown',
        apiAddress,
        addresses: gossipAddresses,
        voter: voters.includes(identity),
        leader: raft.leader === identity,
        ready: conditionOf(members.node(name)?.status?.conditions, 'Ready')?.status === 'True',
      }),
    ),
    engine: own?.status?.nodeInfo?.containerRuntimeVersion ?? '',
    quorum: { voters: voters.length, mayFail: mayFail([voters, votersOutgoing], alive) },
  }
}

/** How many voters more may fail before one of these groups has no majority left; an empty group asks for nothing. */
export function mayFail(groups: readonly (readonly string[])[], alive: (voter: string) => boolean): number {
  const spare = groups
    .filter((voters) => voters.length > 0)
    .map((voters) => voters.filter(alive).length - (Math.floor(voters.length / 2) + 1))
  return spare.length === 0 ? 0 : Math.max(0, Math.min(...spare))
}
