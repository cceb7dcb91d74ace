import { compareQuantities } from '../quantity.ts'
import { ipAddress, labelValue, qualifiedName } from '../rules.ts'
import type { Check, Loose, Report } from '../schema.ts'
import { innerPath } from './sourcerules.ts'

/** What must be true between the fields of a pod, in upstream's words. */

export const podSpecRules: Check = (spec, report) => {
  const { containers, initContainers } = spec
  duplicates(containers, 'containers', 'name', report)
  initContainerRules(spec, report)
  hostRules(spec, report)
  duplicates(spec.volumes, 'volumes', 'name', report)
  labels(spec.nodeSelector ?? {}, 'nodeSelector', report)
  mountsHaveVolumes(containers, 'containers', spec, report)
  mountsHaveVolumes(initContainers, 'initContainers', spec, report)
  for (const [i, container] of each(containers)) {
    for (const [j, port] of each(container.ports)) {
      if (spec.hostNetwork !== true || !port.hostPort || port.hostPort === port.containerPort) continue
      const path = `containers[${i}].ports[${j}].containerPort`
      report('Invalid value', path, port.containerPort, 'must match `hostPort` when `hostNetwork` is true')
    }
  }
}

const resolverLimits = { serversMax: 3, searchesMax: 32 }

/** What would have two pods share what each should have for itself, and names that cannot be asked for anywhere. */
function hostRules({ hostPID, shareProcessNamespace, dnsPolicy, dnsConfig = {} }: Loose, report: Report): void {
  if (hostPID === true && shareProcessNamespace === true) {
    const words = 'ShareProcessNamespace and HostPID cannot both be enabled'
    report('Invalid value', 'shareProcessNamespace', true, words)
  }
  const { nameservers = [], searches = [] } = dnsConfig
  const { serversMax, searchesMax } = resolverLimits
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    const words = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
    report('Required value', 'dnsConfig.nameservers', undefined, words)
  }
  if (nameservers.length > serversMax) {
    report('Invalid value', 'dnsConfig.nameservers', nameservers, `must not have more than ${serversMax} nameservers`)
  }
  for (const [i, server] of (nameservers as string[]).entries()) {
    for (const fault of ipAddress(server)) report('Invalid value', `dnsConfig.nameservers[${i}]`, server, fault)
  }
  if (searches.length > searchesMax) {
    report('Invalid value', 'dnsConfig.searches', searches, `must not have more than ${searchesMax} search paths`)
  }
}

/** One that ends before the others start has nothing that could be asked or told while it runs. */
const ONLY_LASTING = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']

function initContainerRules({ containers, initContainers }: Loose, report: Report): void {
  const names = new Set([...each(containers)].map(([, { name }]) => name))
  for (const [i, container] of each(initContainers)) {
    const at = `initContainers[${i}]`
    if (names.has(container.name)) report('Duplicate value', `${at}.name`, container.name)
    names.add(container.name)
    const { restartPolicy } = container
    if (restartPolicy === 'Always') continue
    if (restartPolicy !== undefined) {
      report('Unsupported value', `${at}.restartPolicy`, restartPolicy, 'supported values: "Always"')
    }
    for (const name of ONLY_LASTING.filter((one) => container[one] !== undefined)) {
      report('Forbidden', `${at}.${name}`, undefined, 'may not be set for init containers without restartPolicy=Always')
    }
  }
}

function mountsHaveVolumes(list: readonly Loose[] | undefined, path: string, spec: Loose, report: Report): void {
  const volumes = new Set([...each(spec.volumes)].map(([, { name }]) => name))
  for (const [i, container] of each(list)) {
    for (const [j, { name }] of each(container.volumeMounts)) {
      if (!volumes.has(name)) report('Not found', `${path}[${i}].volumeMounts[${j}].name`, name)
    }
  }
}

export const containerRules: Check = (container, report) => {
  const { image = '' } = container
  if (image === '') report('Required value', 'image')
  else if (image !== image.trim()) {
    report('Invalid value', 'image', image, 'must not have leading or trailing whitespace')
  }
  duplicates(container.ports, 'ports', 'name', report)
  const paths = new Set<string>()
  for (const [i, { mountPath = '', subPath = '', subPathExpr = '' }] of each(container.volumeMounts)) {
    const at = `volumeMounts[${i}]`
    if (paths.has(mountPath)) report('Invalid value', `${at}.mountPath`, mountPath, 'must be unique')
    paths.add(mountPath)
    if (subPath !== '') innerPath(subPath, `${at}.subPath`, report)
    if (subPath !== '' && subPathExpr !== '') {
      report('Invalid value', `${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')
    }
  }
  for (const name of ['livenessProbe', 'startupProbe']) {
    const threshold = container[name]?.successThreshold ?? 1
    if (threshold !== 1) report('Invalid value', `${name}.successThreshold`, threshold, 'must be 1')
  }
}

const STANDARD_RESOURCES = ['cpu', 'memory', 'ephemeral-storage']

/** Amounts are of known resources, not negative, and no request exceeds its limit. */
export const requestsWithinLimits: Check = ({ limits = {}, requests = {} }, report) => {
  for (const name of Object.keys(limits)) resource(name, limits[name], `limits[${name}]`, report)
  for (const name of Object.keys(requests)) {
    resource(name, requests[name], `requests[${name}]`, report)
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined
    const exact = name.includes('/')
    if (limit === undefined) {
      if (exact) report('Required value', 'limits', undefined, 'Limit must be set for non overcommitable resources')
      continue
    }
    const compared = compareQuantities(requests[name], limit)
    if (exact && compared !== 0) {
      report('Invalid value', 'requests', requests[name], `must be equal to ${name} limit of ${limit}`)
    } else if (compared > 0) {
      report('Invalid value', 'requests', requests[name], `must be less than or equal to ${name} limit of ${limit}`)
    }
  }
}

function resource(name: string, amount: string, path: string, report: Report): void {
  const faults = qualifiedName(name)
  for (const fault of faults) report('Invalid value', path, name, fault)
  const standard = STANDARD_RESOURCES.includes(name) || name.startsWith('hugepages-')
  if (faults.length === 0 && !name.includes('/') && !standard) {
    report('Invalid value', path, name, 'must be a standard resource for containers')
  }
  if (compareQuantities(amount, '0') < 0) {
    report('Invalid value', path, amount, 'must be greater than or equal to 0')
  }
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep']

export const exactlyOneHandler: Check = (probe, report) => {
  const [first, ...more] = HANDLERS.filter((name) => probe[name] !== undefined)
  if (first === undefined) report('Required value', '', undefined, 'must specify a handler type')
  for (const name of more) report('Forbidden', name, undefined, 'may not specify more than 1 handler type')
}

export const tolerationRules: Check = (
  { key = '', operator = 'Equal', value = '', effect, tolerationSeconds },
  report,
) => {
  if (key === '' && operator !== 'Exists') {
    const words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    report('Invalid value', 'operator', operator, words)
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    report('Invalid value', 'effect', effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set")
  }
  if (operator === 'Exists' && value !== '') {
    report('Invalid value', 'operator', value, "value must be empty when `operator` is 'Exists'")
  }
}

function duplicates(list: readonly Loose[] | undefined, path: string, member: string, report: Report): void {
  const seen = new Set<unknown>()
  for (const [i, item] of each(list)) {
    const value = item[member]
    if (value === undefined || value === '') continue
    if (seen.has(value)) report('Duplicate value', `${path}[${i}].${member}`, value)
    seen.add(value)
  }
}

function labels(map: Loose, path: string, report: Report): void {
  for (const key of Object.keys(map)) {
    for (const fault of qualifiedName(key)) report('Invalid value', path, key, fault)
    for (const fault of labelValue(map[key])) report('Invalid value', path, map[key], fault)
  }
}

function each(list: readonly Loose[] | undefined): Iterable<[number, Loose]> {
  return (list ?? []).entries()
}
