import { must } from '../lib/assert.ts'
import { findKindByName } from '../objects/kinds.ts'
import { type Member, memberOf } from '../objects/member.ts'
import { prefixOf, readStored } from '../objects/stored.ts'
import type { Node } from '../objects/types.ts'
import type { StoreView, Version } from '../store/types.ts'

/**
 * Who belongs to the cluster, as far as this node knows: the Node objects of its store, and, as long as its store is
 * behind, those that a member named who knew more (at joining, or when this node was away while others came). What was
 * told holds only until the own store is as new as the teller's was: then the store alone decides.
 *
 * The gate lets in those that Raft's configuration counts, too: who was removed is let go by Raft first. Shut out at once,
 * a voter whose vote its own removal needs would take the majority with it for good.
 */
export interface Members {
  /** Whether the gate lets this identity in. */
  admits(identity: string): boolean
  /** In the order of their names. */
  list(): readonly Member[]
  /** The same as gossip calls them. */
  roster(): readonly Peer[]
  node(name: string): Node | undefined
  /** Takes what another member knows, as of its store's revision. */
  told(members: readonly Member[], revision: number): void
  /** To be called when the store or Raft's configuration changed. True when it is another than before whom the gate lets in. */
  look(): boolean
}

/** A member as gossip and the join answer name it. */
export interface Peer {
  readonly identity: string
  readonly name: string
  /** `host:port` each. */
  readonly addresses: readonly string[]
  /** The revision of the teller's store when it was told; absent: not known. */
  readonly asOf?: number
}

/** Whose votes Raft counts. */
export interface Voting {
  readonly voters: readonly string[]
  readonly votersOutgoing: readonly string[]
}

export const nodeKind = must(findKindByName('v1', 'Node'), 'nodes are served')
export const nodePrefix = prefixOf(nodeKind)

/**
 * `peers`: known from the join answer; of use until the store is as new as the store that answered: on its way there
 * it passes through times when the members of today were none. `configuration`: Raft's, as it is now.
 */
export function newMembers(
  view: Pick<StoreView, 'revision' | 'list'>,
  peers: readonly Peer[],
  configuration: () => Voting,
): Members {
  let hearsay: { readonly members: readonly Member[]; readonly revision: number } | null = {
    members: peers.map(({ identity, name, addresses }) => {
      return { identity, name, gossipAddresses: addresses, apiAddress: '' }
    }),
    revision: Math.max(1, ...peers.map(({ asOf = 1 }) => asOf)),
  }
  const parsed = new Map<string, { readonly version: Version; readonly node: Node }>()
  let nodes: readonly Node[] = []
  let members: readonly Member[] = []
  let roster: readonly Peer[] = []
  let admitted: ReadonlySet<string> = new Set()

  function look(): boolean {
    nodes = view.list(nodePrefix).map(parse)
    if (parsed.size > nodes.length) forget()
    if (hearsay !== null && view.revision >= hearsay.revision) hearsay = null
    const known = nodes.map(memberOf).filter((member) => member !== null)
    const names = new Set(known.map(({ identity }) => identity))
    const rumoured = hearsay?.members.filter(({ identity }) => !names.has(identity)) ?? []
    const before = JSON.stringify([members, [...admitted]])
    members = [...known, ...rumoured]
    roster = members.map(({ identity, name, gossipAddresses }) => ({ identity, name, addresses: gossipAddresses }))
    const { voters, votersOutgoing } = configuration()
    admitted = new Set([...members.map(({ identity }) => identity), ...voters, ...votersOutgoing])
    return JSON.stringify([members, [...admitted]]) !== before
  }

  function parse(version: Version): Node {
    const known = parsed.get(version.key)
    if (known?.version === version) return known.node
    const node = readStored<Node>(nodeKind, version)
    parsed.set(version.key, { version, node })
    return node
  }

  function forget(): void {
    const names = new Set(nodes.map(({ metadata }) => `${nodePrefix}/${metadata.name}`))
    for (const key of [...parsed.keys()]) if (!names.has(key)) parsed.delete(key)
  }

  look()
  return {
    admits: (identity) => admitted.has(identity),
    list: () => members,
    roster: () => roster,
    node: (name) => nodes.find(({ metadata }) => metadata.name === name),
    told(others, revision) {
      // Nor from one who knows less than who told before: it would shut out those that only the other named.
      if (revision > view.revision && revision >= (hearsay?.revision ?? 0)) hearsay = { members: others, revision }
      look()
    },
    look,
  }
}
