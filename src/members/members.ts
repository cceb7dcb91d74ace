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
  /** To be called when the store changed. True when membership is another than before. */
  look(): boolean
}

/** A member as gossip and the join answer name it. */
export interface Peer {
  readonly identity: string
  readonly name: string
  /** `host:port` each. */
  readonly addresses: readonly string[]
}

export const nodeKind = must(findKindByName('v1', 'Node'), 'nodes are served')
export const nodePrefix = prefixOf(nodeKind)

/** `peers`: known from the join answer; of use until the store holds anything. */
export function newMembers(view: Pick<StoreView, 'revision' | 'list'>, peers: readonly Peer[]): Members {
  let hearsay: { readonly members: readonly Member[]; readonly revision: number } | null = {
    members: peers.map(({ addresses, ...peer }) => ({ ...peer, gossipAddresses: addresses, apiAddress: '' })),
    revision: 1,
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
    const before = JSON.stringify(members)
    members = [...known, ...rumoured]
    roster = members.map(({ identity, name, gossipAddresses }) => ({ identity, name, addresses: gossipAddresses }))
    admitted = new Set(members.map(({ identity }) => identity))
    return JSON.stringify(members) !== before
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
      if (revision > view.revision) hearsay = { members: others, revision }
      look()
    },
    look,
  }
}
