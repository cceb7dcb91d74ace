import type { Fill, Loose } from '../schema.ts'

/** How long a client keeps its backend, unless it is said otherwise. */
const affinitySeconds = 10_800

/** What a service is given that depends on its type. Addresses and ports are drawn elsewhere (serviceaddresses.ts). */
export const serviceDefaults: Fill = (spec) => {
  const { type = 'ClusterIP' } = spec
  const given: Loose = { ...affinityDefaults(spec), ...(type === 'ExternalName' ? {} : addressDefaults(spec, type)) }
  const missing = Object.keys(given).filter((name) => spec[name] === undefined)
  if (missing.length === 0) return spec
  return { ...spec, ...Object.fromEntries(missing.map((name) => [name, given[name]])) }
}

function affinityDefaults({ sessionAffinity }: Loose): Loose {
  if (sessionAffinity !== 'ClientIP') return {}
  return { sessionAffinityConfig: { clientIP: { timeoutSeconds: affinitySeconds } } }
}

function addressDefaults({ clusterIP = '' }: Loose, type: string): Loose {
  const outside = type === 'NodePort' || type === 'LoadBalancer'
  return {
    ...(clusterIP !== '' && { clusterIPs: [clusterIP] }),
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
    ...(outside && { externalTrafficPolicy: 'Cluster' }),
    ...(type === 'LoadBalancer' && { allocateLoadBalancerNodePorts: true }),
  }
}
