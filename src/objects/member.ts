import type { Node } from './types.ts'

/** A node as member of the cluster: a Node object maps its name to its identity and says where it can be reached. */
export interface Member {
  readonly name: string
  readonly identity: string
  /** `host:port`, where its peers reach it. */
  readonly gossipAddresses: readonly string[]
  /** `host:port` of its API. */
  readonly apiAddress: string
}

export const gossipAddressAnnotation = 'skein.dev/gossip-address'
export const apiAddressAnnotation = 'skein.dev/api-address'
const providerPrefix = 'skein://'

/** Null for a Node object that no daemon stands behind. */
export function memberOf(node: Node): Member | null {
  const providerID = node.spec?.providerID
  if (providerID === undefined || !providerID.startsWith(providerPrefix)) return null
  const annotations = node.metadata.annotations ?? {}
  return {
    name: node.metadata.name,
    identity: providerID.slice(providerPrefix.length),
    gossipAddresses: (annotations[gossipAddressAnnotation] ?? '').split(',').filter((address) => address !== ''),
    apiAddress: annotations[apiAddressAnnotation] ?? '',
  }
}

/** The Node object of a new member, before uid and creation time. */
export function memberNode(member: Member, labels: Readonly<Record<string, string>>): Node {
  return {
    metadata: {
      name: member.name,
      labels: { ...labels, 'kubernetes.io/hostname': member.name },
      annotations: {
        [apiAddressAnnotation]: member.apiAddress,
        [gossipAddressAnnotation]: member.gossipAddresses.join(','),
      },
    },
    spec: { providerID: `${providerPrefix}${member.identity}` },
  }
}

/** By this label nodes are spread: machines that fail together are in one zone. */
export const zoneLabel = 'topology.kubernetes.io/zone'

/** A node's own labels, as it was told them at its start. */
export function nodeLabels({
  labels,
  zone,
}: {
  readonly labels: Readonly<Record<string, string>>
  readonly zone?: string
}): Readonly<Record<string, string>> {
  return zone === undefined ? labels : { ...labels, [zoneLabel]: zone }
}
