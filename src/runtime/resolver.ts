import type { ContainerSpec } from '../host/host.ts'
import type { Pod } from '../objects/types.ts'

export type Resolver = NonNullable<ContainerSpec['dns']>

/** What the kernel's resolver takes. */
const serversMax = 3

/**
 * Where a pod's names are resolved, by its dnsPolicy; `cluster` is the cluster's own resolver. Null: as on the host.
 * What dnsConfig adds comes after, without repeating.
 */
export function resolverOf({ spec }: Pod, cluster: Resolver | null): Resolver | null {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = spec
  const ofCluster = dnsPolicy === 'ClusterFirst' ? hostNetwork !== true : dnsPolicy === 'ClusterFirstWithHostNet'
  const base = ofCluster ? cluster : null
  if (dnsConfig === undefined) return base
  const own = (dnsConfig.options ?? []).map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`))
  const named = new Set(own.map((option) => option.split(':')[0]))
  const inherited = (base?.options ?? []).filter((option) => !named.has(option.split(':')[0]))
  return {
    servers: [...new Set([...(base?.servers ?? []), ...(dnsConfig.nameservers ?? [])])].slice(0, serversMax),
    searches: [...new Set([...(base?.searches ?? []), ...(dnsConfig.searches ?? [])])],
    options: [...inherited, ...own],
  }
}

const encoder = new TextEncoder()

/** The pod's hosts file, as Kubernetes writes it: itself by its address, and what the pod adds. */
export function hostsFile(pod: Pod, hostname: string, address: string): Uint8Array {
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    `${address}\t${hostname}`,
    ...(pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`),
  ]
  return encoder.encode(`${lines.join('\n')}\n`)
}
