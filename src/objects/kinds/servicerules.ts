import type { FieldError } from '../field.ts'
import { dnsSubdomain, ipAddress, labelValue, portName, qualifiedName } from '../rules.ts'
import type { Check, Loose, Report } from '../schema.ts'

/** What must be true of a service, in upstream's words. */

export const serviceRules: Check = (spec, report) => {
  const { type, clusterIP = '', ports = [] } = spec
  portRules(spec, report)
  selectorRules(spec.selector ?? {}, report)
  if (type === 'ExternalName') externalNameRules(spec, report)
  else if (ports.length === 0 && clusterIP !== 'None') report('Required value', 'ports')
  addressRules(spec, report)
  trafficRules(spec, report)
}

function portRules({ type, clusterIP, ports = [] }: Loose, report: Report): void {
  const names = new Set<string>()
  const places = new Set<string>()
  const nodePlaces = new Set<string>()
  for (const [i, { name = '', port, protocol = 'TCP', targetPort, nodePort }] of (ports as Loose[]).entries()) {
    const at = `ports[${i}]`
    if (ports.length > 1 && name === '') report('Required value', `${at}.name`)
    if (name !== '' && names.has(name)) report('Duplicate value', `${at}.name`, name)
    names.add(name)
    const place = `${protocol}/${port}`
    if (places.has(place)) report('Duplicate value', at, { protocol, port })
    places.add(place)
    targetRules(targetPort, `${at}.targetPort`, report)
    if (clusterIP === 'None' && targetPort !== undefined && typeof targetPort === 'number' && targetPort !== port) {
      // Upstream lets it be: whoever resolves the name sees the pods' own ports.
      continue
    }
    if (!nodePort) continue
    if (type !== 'NodePort' && type !== 'LoadBalancer') {
      const words = "may not be used when `type` is 'ClusterIP'"
      report('Forbidden', `${at}.nodePort`, undefined, words.replace('ClusterIP', type))
    }
    const nodePlace = `${protocol}/${nodePort}`
    if (nodePlaces.has(nodePlace)) report('Duplicate value', `${at}.nodePort`, nodePort)
    nodePlaces.add(nodePlace)
  }
}

function targetRules(target: unknown, path: string, report: Report): void {
  if (typeof target === 'string') {
    for (const fault of portName(target)) report('Invalid value', path, target, fault)
  } else if (typeof target === 'number' && (target < 1 || target > 65_535)) {
    report('Invalid value', path, target, 'must be between 1 and 65535, inclusive')
  }
}

function selectorRules(selector: Loose, report: Report): void {
  for (const key of Object.keys(selector)) {
    for (const fault of qualifiedName(key)) report('Invalid value', 'selector', key, fault)
    for (const fault of labelValue(selector[key])) report('Invalid value', 'selector', selector[key], fault)
  }
}

function externalNameRules({ externalName = '', clusterIP = '', clusterIPs = [] }: Loose, report: Report): void {
  const forbidden = 'may not be set for ExternalName services'
  if (clusterIPs.length > 0) report('Forbidden', 'clusterIPs', undefined, forbidden)
  else if (clusterIP !== '') report('Forbidden', 'clusterIP', undefined, forbidden)
  if (externalName === '') {
    report('Required value', 'externalName')
    return
  }
  for (const fault of dnsSubdomain(externalName.replace(/\.$/, ''))) {
    report('Invalid value', 'externalName', externalName, fault)
  }
}

/** CVE-2020-8554: with an address of somebody else's a service takes that one's traffic. */
const takeover = 'external IPs are not supported: whoever may create services could take any address with them'

function addressRules(spec: Loose, report: Report): void {
  const { type, clusterIP = '', clusterIPs = [], externalIPs = [], ipFamilies = [], ipFamilyPolicy } = spec
  if (externalIPs.length > 0) report('Forbidden', 'externalIPs', undefined, takeover)
  if (ipFamilies.includes('IPv6')) {
    report('Invalid value', 'ipFamilies', ipFamilies, 'not configured on this cluster: IPv6')
  }
  if (ipFamilyPolicy === 'RequireDualStack') {
    report('Invalid value', 'ipFamilyPolicy', ipFamilyPolicy, 'this cluster is not configured for dual-stack services')
  }
  if (type === 'ExternalName') return
  if (clusterIP === '' && clusterIPs.length > 0) {
    report('Invalid value', 'clusterIPs', clusterIPs, 'must be empty when `clusterIP` is not specified')
  }
  if (clusterIP !== '' && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    report('Invalid value', 'clusterIPs', clusterIPs, 'first value must match `clusterIP`')
  }
  if (clusterIPs.length > 1) {
    report('Invalid value', 'clusterIPs', clusterIPs, 'may only hold up to 1 value: this cluster has one family')
  }
  if (clusterIP === 'None') {
    if (type !== 'ClusterIP') {
      const words = `may not be set to 'None' for ${type} services`
      report('Invalid value', 'clusterIPs[0]', clusterIP, words)
    }
  } else if (clusterIP !== '') {
    for (const fault of ipAddress(clusterIP)) report('Invalid value', 'clusterIPs[0]', clusterIP, fault)
  }
}

function trafficRules(spec: Loose, report: Report): void {
  const { type, externalTrafficPolicy, healthCheckNodePort, sessionAffinity, sessionAffinityConfig } = spec
  const outside = type === 'NodePort' || type === 'LoadBalancer'
  if (externalTrafficPolicy !== undefined && !outside) {
    const words = 'may only be set for externally-accessible services'
    report('Invalid value', 'externalTrafficPolicy', externalTrafficPolicy, words)
  }
  if (healthCheckNodePort && (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local')) {
    const words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    report('Invalid value', 'healthCheckNodePort', healthCheckNodePort, words)
  }
  if (sessionAffinity === 'None' && sessionAffinityConfig !== undefined) {
    report('Forbidden', 'sessionAffinityConfig', undefined, 'must not be set when session affinity is None')
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (sessionAffinity === 'ClientIP' && seconds !== undefined && (seconds < 1 || seconds > 86_400)) {
    const words = 'must be greater than 0 and less than 86400'
    report('Invalid value', 'sessionAffinityConfig.clientIP.timeoutSeconds', seconds, words)
  }
  if (type !== 'LoadBalancer') {
    for (const name of ['loadBalancerClass', 'allocateLoadBalancerNodePorts']) {
      if (spec[name] === undefined) continue
      report('Forbidden', name, undefined, "may only be used when `type` is 'LoadBalancer'")
    }
  }
}

/** The address stays as long as the service is of a type that has one. */
export function serviceUpdateRules(next: { readonly spec: Loose }, previous: { readonly spec: Loose }): FieldError[] {
  const [now, before] = [next.spec, previous.spec]
  if (now.type === 'ExternalName' || before.type === 'ExternalName') return []
  const [asked, had] = [now.clusterIPs?.[0], before.clusterIPs?.[0]]
  if (had === undefined || asked === had) return []
  return [
    {
      type: 'Invalid value',
      field: 'spec.clusterIPs[0]',
      value: now.clusterIPs ?? [],
      detail: 'may not change once set',
    },
  ]
}
