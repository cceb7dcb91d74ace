import { sameJson } from '../../lib/equal.ts'
import type { Loose } from '../schema.ts'

/**
 * What an update of a service means that does not say everything. Clients that replace a service seldom repeat the
 * address and the ports that were drawn for it: it keeps them. And who changes its type seldom removes what the old
 * type had and the new one may not have: it lets that go.
 */
export function inheritService<S extends { readonly spec: Loose }>(next: S, previous: S): S {
  const before = previous.spec
  const spec = withoutTheOldTypes(keepingWhatWasDrawn(next.spec, before), before)
  return spec === next.spec ? next : { ...next, spec }
}

function keepingWhatWasDrawn(spec: Loose, before: Loose): Loose {
  let kept = spec
  if (hasAddress(spec) && hasAddress(before)) {
    const silent = (spec.clusterIP ?? '') === '' && (spec.clusterIPs ?? []).length === 0
    if (silent) kept = { ...kept, clusterIP: before.clusterIP, clusterIPs: before.clusterIPs }
    else if (spec.clusterIP !== before.clusterIP && sameJson(spec.clusterIPs, before.clusterIPs)) {
      // Whoever writes the one field alone means both.
      kept = without({ ...kept, clusterIPs: [spec.clusterIP] }, (spec.clusterIP ?? '') === '' ? ['clusterIPs'] : [])
    }
  }
  if (hasNodePorts(spec) && hasNodePorts(before)) kept = { ...kept, ports: portsWithOld(kept.ports, before.ports) }
  if (wantsHealthPort(spec) && wantsHealthPort(before) && !spec.healthCheckNodePort) {
    kept = { ...kept, healthCheckNodePort: before.healthCheckNodePort }
  }
  return kept
}

/** By port and protocol; a number that another port asks for by name is that one's. */
function portsWithOld(ports: readonly Loose[] = [], old: readonly Loose[] = []): readonly Loose[] {
  const asked = new Set(ports.map(({ nodePort, protocol = 'TCP' }) => `${nodePort}/${protocol}`))
  return ports.map((port) => {
    const { port: number, protocol = 'TCP', nodePort } = port
    if (nodePort) return port
    const match = old.find((one) => one.port === number && (one.protocol ?? 'TCP') === protocol)
    if (!match?.nodePort || asked.has(`${match.nodePort}/${protocol}`)) return port
    return { ...port, nodePort: match.nodePort }
  })
}

/** Only what stands as it stood: whoever writes something new that does not fit is told so. */
function withoutTheOldTypes(spec: Loose, before: Loose): Loose {
  if (typeOf(spec) === typeOf(before)) return spec
  const gone: string[] = []
  const same = (name: string): boolean => sameJson(spec[name], before[name])
  if (hasAddress(before) && !hasAddress(spec)) {
    const addresses = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']
    gone.push(...addresses.filter(same))
  }
  if (typeOf(before) === 'ExternalName' && same('externalName')) gone.push('externalName')
  if (hasNodePorts(before) && !hasNodePorts(spec) && same('externalTrafficPolicy')) gone.push('externalTrafficPolicy')
  if (!wantsHealthPort(spec) && same('healthCheckNodePort')) gone.push('healthCheckNodePort')
  if (typeOf(before) === 'LoadBalancer') {
    gone.push(...['allocateLoadBalancerNodePorts', 'loadBalancerClass'].filter(same))
  }
  const rest = without(spec, gone)
  if (hasNodePorts(spec) || !hasNodePorts(before)) return rest
  const drawn = new Set((before.ports ?? []).map(({ nodePort }: Loose) => nodePort))
  const ports = (rest.ports ?? []).map((port: Loose) => (drawn.has(port.nodePort) ? without(port, ['nodePort']) : port))
  return { ...rest, ports }
}

function typeOf({ type = 'ClusterIP' }: Loose): string {
  return type
}

function hasAddress(spec: Loose): boolean {
  return typeOf(spec) !== 'ExternalName'
}

function hasNodePorts(spec: Loose): boolean {
  return typeOf(spec) === 'NodePort' || typeOf(spec) === 'LoadBalancer'
}

function wantsHealthPort(spec: Loose): boolean {
  return typeOf(spec) === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
}

function without(object: Loose, names: readonly string[]): Loose {
  if (!names.some((name) => object[name] !== undefined)) return object
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}
